"""Figures of people: by hand."""

import json

import numpy as np
import pytest

from annotate.__main__ import arguments, options_of
from annotate.people import disputed, figures
from annotate.questions import Questions
from annotate.review import Options, Review
from annotate.workspace import Workspace
from segmend.answers.answers import pixels, read, read_queries, write_queries
from segmend.images.rasters import write_labels
from tests.annotate.conftest import give, served, take
from tests.pipeline import edit


def with_gold(root):
    """Gold masks of the workspace's training images: their truth."""
    card = root / "data/dataset/dataset.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"annotators": ["ada", "gold"]}))
    data = Workspace(root).dataset
    for sample in data.of("train"):
        path = data.folder / f"annotators/gold/{sample.id}.png"
        write_labels(path, data.truth(sample.id), data.card.palette)


def test_agreement_with_the_truth_with_oneself_and_with_colleagues(root):
    """Four questions: ada names the network's class, which is the truth here; ben names `house` every time, and skips one."""
    person = served(root, overlap=2)
    ada, ben = person("ada"), person("ben")
    asked = read_queries(root / "data/queries/r1")[:4]
    classes = Workspace(root).classes
    for k, query in enumerate(asked):
        right = classes.index(query.predicted)
        take(ada, 1)
        give(ada, query.query, at=k, kind="class", classes=[right], seconds=2 + k)
        take(ben, 1, "bbbbbbbb")
        said = {"kind": "skip"} if k == 3 else {"kind": "class", "classes": [3]}
        give(ben, query.query, at=k, window="bbbbbbbb", seconds=0, **said)
    houses = sum(query.predicted == "house" for query in asked[:3])
    rows = {row["who"]: row for row in figures(Review(Workspace(root), Options(overlap=2)))}
    assert rows["ada"]["gold"] == (4, 4) and rows["ben"]["gold"] == (houses, 3)
    assert rows["ada"]["peers"] == rows["ben"]["peers"] == (houses, 3)
    assert rows["ada"]["seconds"] == 3.5 and rows["ben"]["seconds"] is None
    assert rows["ada"]["answers"] == 4 and rows["ben"]["kinds"] == {"class": 3, "skip": 1}
    assert "100 % of 4" in ada.get("/people").text


def test_what_is_disputed(root):
    person = served(root, overlap=2)
    ada, ben = person("ada"), person("ben")
    query, other = (q.query for q in read_queries(root / "data/queries/r1")[:2])
    take(ada, 2)
    give(ada, query, kind="class", classes=[0])
    give(ada, other, kind="skip", flag=True, comment="?")
    assert [row["query"].query for row in disputed(Review(Workspace(root), Options()))] == [other]
    take(ben, 2, "bbbbbbbb")
    give(ben, query, window="bbbbbbbb", kind="class", classes=[1])
    assert {row["query"].query for row in disputed(Review(Workspace(root), Options()))} == {query, other}


def test_the_most_disputed_come_first_and_what_is_settled_goes(root):
    person = served(root, overlap=4)
    names = ("ada", "ben", "cem", "dan")
    people = {who: person(who) for who in names}
    first, second = (q.query for q in read_queries(root / "data/queries/r1")[:2])
    said = {first: (0, 0, 0, 1), second: (0, 0, 1, 1)}
    for k, who in enumerate(names):
        take(people[who], 2, who * 3)
        for query, labels in said.items():
            give(people[who], query, window=who * 3, kind="class", classes=[labels[k]])
    review = Review(Workspace(root), Options(overlap=4))
    assert [row["query"].query for row in disputed(review)] == [second, first]
    give(people["dan"], second, at=9, window="d" * 9, kind="class", classes=[2], expert=True)
    assert [row["query"].query for row in disputed(Review(Workspace(root), Options(overlap=4)))] == [first]
    assert read(root / "data/answers/r1.jsonl")[-1].settles


def test_gold_questions_look_like_others_and_are_counted_apart(root):
    """Every third question is one whose answer the gold mask knows: ada agrees with it, ben names `house` every time."""
    with_gold(root)
    person = served(root, gold=2)
    space = Workspace(root)
    gold = Questions(space, "r1", with_gold=True).gold
    for who, window in (("ada", "aaaaaaaa"), ("ben", "bbbbbbbb")):
        one = person(who)
        for k in range(9):
            (asked,) = take(one, 1, window)
            assert (
                asked["expected"] is not None and set(asked) == {*take(one, 1, window)[0]} and "gold" not in str(asked)
            )
            query = gold.get(asked["query"])
            true = space.dataset.annotation(query.image, "gold").ravel()[pixels(query.footprint)] if query else None
            said = 3 if who == "ben" else int(np.bincount(true).argmax()) if query else 0
            assert give(one, asked["query"], at=k, window=window, kind="class", classes=[said]).json()["kept"]
            assert not query or {query.shown, query.predicted} > {space.classes[int(np.bincount(true).argmax())]}
    lines = read(root / "data/answers/r1.jsonl")
    measured = [line for line in lines if line.query.startswith("gold-")]
    assert len(measured) == 6 and len(lines) == 18
    rows = {row["who"]: row for row in figures(Review(Workspace(root), Options()))}
    assert rows["ada"]["answers"] == rows["ben"]["answers"] == 6 and rows["ada"]["gold"].of == 9
    assert person("ada").post("/api/questions", json={"window": "aaaaaaaa", "count": 0}).json()["progress"]["mine"] == 6
    undone = person("ben").post("/api/undo", json={"window": "bbbbbbbb"}).json()["question"]
    assert undone["query"] == lines[-1].query.removeprefix("gold-")


def test_gold_questions_need_gold_masks(root):
    assert Questions(Workspace(root), "r1", with_gold=True).gold == {}
    with pytest.raises(ValueError, match="no gold masks"):
        options_of(arguments().parse_args(["--gold", "5"]), Workspace(root))


def test_overlap_is_that_of_the_params_unless_the_command_says_otherwise(root):
    edit(root, {"correct": {"overlap": "adaptive"}})
    assert options_of(arguments().parse_args([]), Workspace(root)).overlap == "adaptive"
    assert options_of(arguments().parse_args(["--overlap", "2"]), Workspace(root)).overlap == 2
    edit(root, {"correct": {"overlap": 0}})
    with pytest.raises(ValueError, match="must be a count of people"):
        options_of(arguments().parse_args([]), Workspace(root))


def test_adaptive_asks_a_second_person_only_where_the_first_is_in_doubt(root):
    """Ada says what the network says of all but two questions; only these are given to Ben."""
    edit(root, {"correct": {"doubt": 0.5}})
    person = served(root, overlap="adaptive")
    ada, ben = person("ada"), person("ben")
    asked = read_queries(root / "data/queries/r1")
    sure = {q.query: q.model_copy(update={"confidence": 0.9}) for q in asked}
    write_queries(root / "data/queries/r1", sure.values())
    classes = Workspace(root).classes
    odd = [query.query for query in asked[3:20:9]]
    for k, query in enumerate(asked):
        (told,) = take(ada, 1)
        assert told["query"] == query.query
        named = classes.index(query.predicted)
        give(ada, query.query, at=k, kind="class", classes=[(named + 1) % 4 if query.query in odd else named])
    assert [q["query"] for q in take(ben, 5, "bbbbbbbb")] == odd
