"""Questions out, answers in: who gets what, what a line says, undo, overlap, leases, brushing."""

import numpy as np
import pytest

from annotate.questions import crop, runs_of
from annotate.review import Options, Review
from annotate.workspace import Workspace
from segmend.answers.answers import latest, pixels, read, read_queries
from tests.annotate import toy
from tests.annotate.conftest import give, served, take
from tests.pipeline import edit


def lines(root):
    return read(root / "data/answers/r1.jsonl")


def test_questions_come_best_first_and_say_what_a_page_needs(root, person):
    asked = read_queries(root / "data/queries/r1")
    first = take(person("ada"), 3)
    assert [q["query"] for q in first] == [q.query for q in asked[:3]]
    question = first[0]
    assert question["image"]["name"] == asked[0].image and question["labels"] == "r0"
    top, left, height, width = question["box"]
    mask = (np.repeat(np.arange(len(question["runs"])) % 2, question["runs"]) > 0).reshape(height, width)
    rows, columns = np.nonzero(mask)
    flat = (rows + top) * 128 + columns + left
    assert (np.sort(flat) == pixels(asked[0].footprint)).all()
    assert "truth" not in str(first)


def test_an_answer_is_one_line_in_the_format_of_the_pipeline(root, person):
    ada = person("Ada Bo")
    question = take(ada, 1)[0]
    said = give(ada, question["query"], kind="class", classes=[2], clicks=2, seconds=3.5, comment="wet").json()
    assert said["kept"] and said["progress"]["answered"] == 1
    (line,) = lines(root)
    query = read_queries(root / "data/queries/r1")[0]
    assert (line.query, line.footprint, line.kind, line.classes) == (query.query, query.footprint, "class", ("lake",))
    assert (line.who, line.clicks, line.seconds, line.comment) == ("Ada Bo", 2, 3.5, "wet") and line.when
    assert said["progress"]["each"] is not None


def test_an_answer_that_is_sent_again_is_kept_once(root, person):
    ada = person("ada")
    query = take(ada, 1)[0]["query"]
    for _ in range(3):
        assert give(ada, query, at=77).json()["kept"]
    assert len(lines(root)) == 1


def test_two_windows_get_different_questions(person):
    ada, ben = person("ada"), person("ben")
    first = {q["query"] for q in take(ada, 5, "aaaaaaaa")}
    second = {q["query"] for q in take(ben, 5, "bbbbbbbb")}
    third = {q["query"] for q in take(ada, 5, "cccccccc")}
    assert len(first | second | third) == 15
    assert not give(ben, min(first), window="bbbbbbbb").json()["kept"]
    assert give(ada, min(first)).json()["kept"]


def test_an_answer_that_waited_in_a_closed_window_is_kept_when_another_window_sends_it(root):
    query = take(served(root)("ada"), 1, "aaaaaaaa")[0]["query"]
    ada = served(root)("ada")  # the server was started again, the window opened again
    assert query in {q["query"] for q in take(ada, 3, "bbbbbbbb")}
    assert give(ada, query, window="aaaaaaaa").json()["kept"]


def test_a_lease_ends_and_a_window_that_is_closed_gives_back(root):
    person = served(root, lease=0.0)
    ada, ben = person("ada"), person("ben")
    assert take(ada, 2, "aaaaaaaa") == take(ben, 2, "bbbbbbbb")
    person = served(root, lease=60.0)
    ada, ben = person("ada"), person("ben")
    first = take(ada, 2, "aaaaaaaa")
    assert ada.post("/api/leave", json={"window": "aaaaaaaa"}).status_code == 200
    assert take(ben, 2, "bbbbbbbb") == first


def test_a_window_takes_its_questions_up_again_after_a_restart(root):
    before = take(served(root)("ada"), 3)
    person = served(root)  # another server
    held = tuple(q["query"] for q in before)
    assert held[0] not in {q["query"] for q in take(person("ada"), 2, held=held)}
    assert not set(held) & {q["query"] for q in take(person("ben"), 5, "bbbbbbbb")}


@pytest.mark.parametrize("overlap", [1, 3])
def test_each_question_goes_to_as_many_people_as_wanted(tmp_path, overlap):
    root = toy.make(tmp_path / "few", images=2, questions=7)
    person, count = served(root, overlap=overlap), {}
    people = [person(name) for name in ("ada", "ben", "cyd", "dan")]
    for turn in range(9):
        for k, client in enumerate(people):
            for question in take(client, 1, f"window0{k}"):
                assert give(client, question["query"], at=turn, window=f"window0{k}").json()["kept"]
                count.setdefault(question["query"], []).append(k)
    assert len(count) == 7
    assert all(len(who) == len(set(who)) == overlap for who in count.values())


def test_undo_goes_back_any_number_of_times(root, person):
    ada = person("ada")
    names = []
    for k in range(6):
        names.append(take(ada, 1)[0]["query"])
        give(ada, names[-1], at=k)
    undone = [ada.post("/api/undo", json={"window": "aaaaaaaa"}).json()["question"]["query"] for _ in range(4)]
    assert undone == names[:1:-1]
    assert [a.query for a in latest(lines(root))] == names[:2] and len(lines(root)) == 10
    give(ada, names[5], at=99, kind="class", classes=[1])
    assert ada.post("/api/undo", json={"window": "aaaaaaaa"}).json()["question"]["query"] == names[5]
    for _ in range(2):
        ada.post("/api/undo", json={"window": "aaaaaaaa"})
    assert ada.post("/api/undo", json={"window": "aaaaaaaa"}).json()["question"] is None
    assert latest(lines(root)) == []


def test_nobody_undoes_what_a_colleague_said(root):
    person = served(root, overlap=2)
    ada, ben = person("ada"), person("ben")
    query = take(ada, 1)[0]["query"]
    give(ada, query)
    assert take(ben, 1, "bbbbbbbb")[0]["query"] == query
    give(ben, query, window="bbbbbbbb", kind="class", classes=[1])
    ada.post("/api/undo", json={"window": "aaaaaaaa"})
    assert [(a.who, a.classes) for a in latest(lines(root))] == [("ben", ("road",))]


def paint(named, rows, columns):
    (top, bottom), (left, right) = rows, columns
    return {
        "named": named,
        "box": [top, left, bottom - top, right - left],
        "runs": [0, (bottom - top) * (right - left)],
    }


def test_a_brushed_border_answers_the_question_and_keeps_what_is_outside_apart(root, person):
    ada = person("ada")
    question, query = take(ada, 1)[0], read_queries(root / "data/queries/r1")[0]
    top, left, height, width = question["box"]
    wide = paint(2, (top, top + height), (max(0, left - 2), min(128, left + width + 2)))
    assert give(ada, query.query, kind="mask", paint=[wide, paint(1, (0, 1), (0, 3))]).json()["kept"]
    main, *rest = lines(root)
    assert main.query == query.query and main.kind == "mask" and main.classes == ("lake",)
    assert main.mask == query.footprint  # all of it was brushed
    assert {a.query for a in rest} == {f"{query.query}+1", f"{query.query}+2"}
    beside = {a.classes[0]: set(pixels(a.footprint)) for a in rest}
    assert beside["road"] == {0, 1, 2} and not beside["lake"] & set(pixels(query.footprint))
    assert rest[0].clicks is None or rest[0].clicks == 0
    ada.post("/api/undo", json={"window": "aaaaaaaa"})
    assert latest(lines(root)) == []


def test_a_split_region_gets_two_classes(root, person):
    ada = person("ada")
    question, query = take(ada, 1)[0], read_queries(root / "data/queries/r1")[0]
    flat = pixels(query.footprint)
    halves = []
    for named, part in ((0, flat[: len(flat) // 3]), (1, flat[len(flat) // 3 :])):
        mask = np.zeros(96 * 128, bool)
        mask[part] = True
        halves.append({"named": named, "box": [0, 0, 96, 128], "runs": runs_of(mask)})
    assert give(ada, question["query"], kind="mask", paint=halves).json()["kept"]
    said = {a.classes[0]: len(pixels(a.mask)) for a in lines(root)}
    assert sum(said.values()) == len(flat) and set(said) == {"field", "road"}


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "class", "classes": [4]},
        {"kind": "class", "classes": []},
        {"kind": "class", "classes": [0, 1]},
        {"kind": "class_set", "classes": []},
        {"kind": "mask"},
        {"kind": "mask", "paint": [{"named": 0, "box": [0, 0, 97, 1], "runs": [0, 97]}]},
        {"kind": "mask", "paint": [{"named": 0, "box": [0, 0, 2, 2], "runs": [0, 5]}]},
        {"kind": "revert"},
        {"kind": "confirm", "who": "ben"},
        {"kind": "confirm", "seconds": -1},
    ],
    ids=str,
)
def test_an_answer_that_does_not_fit_is_refused_with_a_sentence(root, person, answer):
    ada = person("ada")
    said = give(ada, take(ada, 1)[0]["query"], **answer)
    assert said.status_code in (400, 422) and said.json()["error"]
    assert not (root / "data/answers/r1.jsonl").exists()


def test_ticks_of_a_question_for_all_classes(tmp_path):
    root = toy.make(tmp_path / "many", kind="multiclass")
    ada = served(root)("ada")
    assert give(ada, take(ada, 1)[0]["query"], kind="class_set", classes=[2, 0, 2]).json()["kept"]
    assert lines(root)[0].classes == ("field", "lake")


def test_a_repeat_comes_again_and_is_counted(root):
    person = served(root, repeats=5)
    ada, asked = person("ada"), []
    for k in range(20):
        question = take(ada, 1)[0]["query"]
        assert give(ada, question, at=k, kind="class", classes=[1 if question in asked and k > 10 else 0]).json()[
            "kept"
        ]
        asked.append(question)
    again = [name for k, name in enumerate(asked) if name in asked[:k]]
    assert again == asked[:3] and asked[5] == asked[0]
    assert "67 % of 3" in ada.get("/people").text or "33 % of 3" in ada.get("/people").text


def test_a_disputed_question_goes_to_the_expert(root):
    person = served(root, overlap=2, expert="eve")
    ada, ben, eve = person("ada"), person("ben"), person("eve")
    query = take(ada, 1)[0]["query"]
    give(ada, query, kind="class", classes=[0])
    give(ben, query, window="bbbbbbbb", kind="class", classes=[1])
    assert query in eve.get("/disputed").text and f"?query={query}" in eve.get("/disputed").text
    assert f"?query={query}" not in ada.get("/disputed").text
    params = {"query": query, "window": "eeeeeeee"}
    assert ada.get("/api/question", params=params).status_code == 403
    assert [a["who"] for a in eve.get("/api/question", params=params).json()["said"]] == ["ada", "ben"]
    assert give(ada, query, at=5, expert=True).status_code == 403
    assert give(eve, query, window="eeeeeeee", kind="class", classes=[2], expert=True).json()["kept"]
    assert query not in eve.get("/disputed").text
    assert latest(lines(root))[0].classes == ("lake",)


def test_boxes_come_back():
    from segmend.answers.answers import encode

    mask = np.zeros((9, 7), bool)
    mask[2:5, 3:6] = True
    mask[3, 4] = False
    assert crop(encode(mask)) == ([2, 3, 3, 3], [0, 4, 1, 4])


@pytest.mark.parametrize(
    ("people", "from_audit", "needed"),
    [({}, False, "any"), ({"enough": 0.5}, False, 6), ({"enough": 0.5}, True, "any"), ({"enough": 1}, False, 12)],
)
def test_how_many_answers_a_round_waits_for(tmp_path, people, from_audit, needed):
    root = toy.make(tmp_path / "space", images=2, questions=12)
    edit(root, {"correct": {"oracle": {"people": people}}})
    options = Options(questions=root / "data/queries/r1" if from_audit else None)
    assert Review(Workspace(root), options).progress("ada")["needed"] == needed


@pytest.mark.parametrize("split", ["val", "test"])  # query.val asks about val images; splits may change after answers
def test_answers_about_images_of_any_split_are_read_again(tmp_path, split):
    root = toy.make(tmp_path / "space", images=2, questions=4)
    samples = root / "data/dataset/samples.csv"
    samples.write_text(samples.read_text().replace("train", split, 1))
    ada = served(root)("ada")
    assert all(give(ada, question["query"], kind="class", classes=[0]).status_code == 200 for question in take(ada, 4))
    assert Review(Workspace(root), Options()).progress("ada")["answered"] == 4  # as after a restart
