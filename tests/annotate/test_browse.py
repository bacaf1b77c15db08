"""All images, what happened to one, repainting, and taking answers back by image, round, person and kind."""

import pytest

from annotate.workspace import key_of
from segmend.answers import history
from segmend.answers.answers import latest, pixels, read, read_queries
from tests.annotate.conftest import give, take


def stand(root):
    path = root / "data/answers/r1.jsonl"
    return latest(read(path)) if path.exists() else []


def fill(person, root):
    """Ada answers three questions, Ben two."""
    ada, ben = person("ada"), person("ben")
    for k, kind in enumerate(("confirm", "skip", "confirm")):
        give(ada, take(ada, 1)[0]["query"], at=k, kind=kind)
    for k in range(2):
        give(ben, take(ben, 1, "bbbbbbbb")[0]["query"], at=k, window="bbbbbbbb", kind="class", classes=[1])
    assert len(stand(root)) == 5
    return ada


def test_images_come_worst_first_and_can_be_filtered(root, person):
    ada = fill(person, root)
    gain, done = {}, {answer.query for answer in stand(root)}
    for query in read_queries(root / "data/queries/r1"):
        gain[query.image] = gain.get(query.image, 0) + (0 if query.query in done else query.expected)
    page = ada.get("/browse").text
    places = [page.index(f"<b>{image}</b>") for image in sorted(gain, key=lambda image: -gain[image])]
    assert places == sorted(places)
    answered = {answer.image for answer in stand(root) if answer.who == "ben"}
    found = ada.get("/browse", params={"who": "ben"}).text
    assert all((f"<b>{image}</b>" in found) == (image in answered) for image in gain)
    assert "<b>area/0001</b>" in ada.get("/browse", params={"find": "0001"}).text
    assert "No image fits" in ada.get("/browse", params={"find": "nowhere"}).text
    assert ada.get("/browse", params={"start": -5, "sort": "<x>"}).status_code == 200


def test_an_images_page_tells_its_history_and_what_waits(root, person):
    ada = fill(person, root)
    answer = stand(root)[0]
    row = {name: None for name in history.SCHEMA.names}
    row |= {"round": "r0", "query": "", "image": answer.image, "region": -1, "kind": "auto", "who": "evidence", "old": "field",
            "new": "lake", "pixels": 40, "changed": 37, "clicks": 0.0, "seconds": 0.0}  # fmt: skip
    history.write(root / "data/labels/r0", history.table([row]))
    page = ada.get(f"/image/{key_of(answer.image)}").text
    assert "evidence" in page and "<td>37</td>" in page and answer.query in page and "Repaint" in page
    assert ada.get("/image/0000000000000000").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "left"),
    [({"who": "ada"}, 2), ({"who": "ben"}, 3), ({"kind": "skip"}, 4), ({"round": "r1"}, 0), ({"who": "ada", "kind": "confirm"}, 3),
     ({"round": "r2"}, 5), ({"who": "nobody"}, 5)],
    ids=str,
)  # fmt: skip
def test_answers_are_taken_back_by_what_they_are(root, person, wanted, left):
    ada = fill(person, root)
    counted = ada.post("/api/revert", json=wanted).json()
    assert counted == {"answers": 5 - left, "written": False} and len(stand(root)) == 5
    assert ada.post("/api/revert", json=wanted | {"write": True}).json()["answers"] == 5 - left
    assert len(stand(root)) == left and len(read(root / "data/answers/r1.jsonl")) == 10 - left
    assert ada.post("/api/revert", json=wanted).json()["answers"] == 0


def test_revert_of_an_image_and_of_nothing_named(root, person):
    ada = fill(person, root)
    image = stand(root)[0].image
    assert ada.post("/api/revert", json={"write": True}).status_code == 400
    assert ada.post("/api/revert", json={"image": key_of(image), "write": True}).json()["answers"] > 0
    assert image not in {answer.image for answer in stand(root)} and len(stand(root)) < 5
    taken = [a for a in read(root / "data/answers/r1.jsonl") if a.kind == "revert"]
    assert all(a.by == "ada" or a.who == "ada" for a in taken)


def test_a_repainted_image_is_an_answer_for_each_class(root, person):
    ada = person("ada")
    paint = [{"named": 2, "box": [0, 0, 2, 3], "runs": [0, 6]}, {"named": 3, "box": [9, 9, 1, 2], "runs": [0, 2]}]
    body = {"image": key_of("area/0000"), "paint": paint, "at": 5, "clicks": 4, "seconds": 9}
    assert ada.post("/api/paint", json=body).json() == {"answers": 2}
    first, second = stand(root)
    assert first.kind == second.kind == "mask" and (first.classes, second.classes) == (("lake",), ("house",))
    assert pixels(first.mask).tolist() == [0, 1, 2, 128, 129, 130] and first.mask == first.footprint
    assert (first.clicks, second.clicks) == (4, 0)
    assert ada.post("/api/paint", json=body | {"image": key_of("area/0003")}).status_code == 400  # of the test split
