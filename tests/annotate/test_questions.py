"""Held-out questions on the page: where their answers go, what is said of them, and how they are taken back."""

from json import dumps, loads
from pathlib import Path

import pytest

from annotate.people import figures
from annotate.review import Options, Review
from annotate.workspace import Workspace
from flows.commands import revert
from segmend.answers.answers import read, standing
from tests.annotate import toy
from tests.annotate.conftest import give, served, take
from tests.pipeline import edit

ANSWERS = "data/answers/held_out/1/answers.jsonl"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Five held-out questions, as tasks/gate/draw.py writes them; the round r1 has five of its own."""
    made = toy.make(tmp_path / "space", images=2, questions=5)
    folder = (made / ANSWERS).parent
    folder.mkdir(parents=True)
    asked = [loads(line) for line in (made / "data/queries/r1/queries.jsonl").read_text().splitlines()]
    known = {"chance": 0.5, "confidence": None, "expected": None}
    lines = [
        dumps(query | known | {"query": f"held-1-{k:05d}", "predicted": query["shown"]})
        for k, query in enumerate(asked)
    ]
    (folder / "queries.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "about.json").write_text(dumps({"labels": "r0", "answers": ANSWERS}))
    return made


def reviewed(root: Path, **options) -> Review:
    return Review(Workspace(root), Options(questions=(root / ANSWERS).parent, **options))


def test_answers_go_where_the_folder_says_and_no_network_is_shown(root: Path):
    ada = served(root, questions=(root / ANSWERS).parent)("ada")
    question = take(ada, 1)[0]
    assert question["predicted"] is None  # whatever stands in the file: it must not be taken for a network's opinion
    assert give(ada, question["query"]).status_code == 200
    assert reviewed(root).progress("ada")["needed"] == "none"
    assert [answer.query for answer in read(root / ANSWERS)] == [question["query"]]
    assert not (root / "data/answers/r1.jsonl").exists()


def test_every_page_opens(root: Path):
    ada = served(root, questions=(root / ANSWERS).parent)("ada")
    image = f"/image/{next(iter(Workspace(root).pictures))}"
    pages = {page: ada.get(page) for page in ("/", "/browse", image, "/people", "/disputed", "/run")}
    assert {page: answer.status_code for page, answer in pages.items()} == dict.fromkeys(pages, 200)
    assert "judge the labels" in pages["/run"].text


def test_they_can_be_answered_before_the_first_round_asks(root: Path):
    (root / "data/queries/r1/queries.jsonl").unlink()
    assert take(served(root, questions=(root / ANSWERS).parent)("ada"), 1)[0]["query"] == "held-1-00000"
    with pytest.raises(ValueError, match="No questions yet"):
        _ = Review(Workspace(root), Options()).assignment


def test_a_repainted_image_is_the_rounds_also_beside_held_out_questions(root: Path):
    ada, key = served(root, questions=(root / ANSWERS).parent)("ada"), next(iter(Workspace(root).pictures))
    square = {"named": 0, "box": [0, 0, 2, 2], "runs": [0, 4]}
    said = ada.post("/api/paint", json={"image": key, "at": 1, "clicks": 1, "seconds": 1, "paint": [square]})
    assert said.json() == {"answers": 1}
    assert len(read(root / "data/answers/r1.jsonl")) == 1 and not (root / ANSWERS).exists()


def test_they_are_taken_back_with_the_others_and_count_for_the_person(root: Path, monkeypatch: pytest.MonkeyPatch):
    held, usual = served(root, questions=(root / ANSWERS).parent)("ada"), served(root)("ada")
    for person in (held, usual):
        assert give(person, take(person, 1)[0]["query"]).status_code == 200
    assert figures(reviewed(root))[0]["answers"] == figures(Review(Workspace(root), Options()))[0]["answers"] == 2
    assert usual.post("/api/revert", json={"who": "ada", "write": False}).json()["answers"] == 2
    assert usual.post("/api/revert", json={"who": "ada", "round": "r1", "write": True}).json()["answers"] == 1
    assert standing(read(root / ANSWERS)) and not standing(read(root / "data/answers/r1.jsonl"))
    monkeypatch.chdir(root)
    assert revert.start(root, None, {"--who": "ada"}, write=True) == 0
    assert not standing(read(root / ANSWERS))


def test_a_question_that_no_network_saw_is_not_in_doubt_by_that(root: Path):
    """`predicted` repeats the label; without a confidence it is no vote against the person who confirms it."""
    edit(
        root, {"correct": {"doubt": 0.5}}
    )  # an answer by somebody who was never compared is wrong with probability 1/3
    ada = served(root, questions=(root / ANSWERS).parent)("ada")
    for question in take(ada, 5):
        assert give(ada, question["query"]).status_code == 200
    overlap = reviewed(root, overlap="adaptive").assignment.overlap
    overlap.refresh(at_once=True)
    assert {overlap.people_wanted(answer.query) for answer in read(root / ANSWERS)} == {1}
