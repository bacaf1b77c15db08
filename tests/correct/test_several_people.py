"""Several people in a round: one answer per question, reliability, late opinions, reverts, gold questions, simulated people."""

from json import loads

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, encode_pixels, pixels, read, read_queries, write
from segmend.images.dataset import Labels
from segmend.stage.command import Waiting
from segmend.stage.params import validated
from tasks.correct.expansion._base import QuestionAsked
from tasks.correct.settings import Params
from tasks.correct.several_people import questions_of
from tests import toys
from tests.correct.rounds import PEOPLE, ask, reply, run, spend

GO_ON = {"oracle": {"name": "people", "people": {"enough": 0.0}}}
THREE = [{"name": "ada", "accuracy": 0.95}, {"name": "ben", "accuracy": 0.8}, {"name": "cem", "accuracy": 0.6}]


def crowd(people=THREE, **more):
    return {"oracle": {"name": "ground_truth", "ground_truth": {"people": people}}} | more


def said(root, place, who, kind="class", *classes, into="r1", **more):
    """Append an answer of this person."""
    return reply(root, place, kind, classes, into=into, who=who, **more)


def label(root, place, labels="labels/r1", round="r1"):
    """The class ids in a question's region."""
    query = read_queries(root / f"queries/{round}")[place]
    flat = Labels(root / labels)[query.image].ravel()
    return set(flat[pixels(query.footprint)].tolist())


def people(root, labels="labels/r1"):
    return {row["who"]: row for row in loads((root / labels / "people.json").read_text())}


def test_two_against_one_and_a_skip(workspace):
    for who, name in (("ada", "stone"), ("ben", "stone"), ("cem", "ground")):
        said(workspace, 1, who, "class", name, clicks=1, seconds=2)
    said(workspace, 1, "dan", "skip", clicks=1, seconds=2)
    said(workspace, 2, "ada", "class", "ground")
    said(workspace, 2, "dan", "skip")
    metrics = run(workspace, **GO_ON)
    assert label(workspace, 1) == {2} and label(workspace, 2) <= {0, 255}
    rows = history.read(workspace / "labels/r1").to_pylist()
    assert [(row["answer"], row["who"], row["clicks"], row["seconds"]) for row in rows][0] == (
        "stone",
        "ada, ben",
        4.0,
        8.0,
    )
    assert (
        metrics["answered"] == 2
        and metrics["people"] == 4
        and metrics["shared_questions"] == 2
        and metrics["clicks"] == 6
    )
    table = people(workspace)
    assert table["ada"]["reliability"] > 0.6 > table["cem"]["reliability"] and table["dan"]["reliability"] is None
    assert table["ada"]["agreement"] == 0.5 and table["cem"]["agreement"] == 0 and table["dan"]["skipped"] == 2
    assert 0 < table["ada"]["low"] < table["ada"]["reliability"] < table["ada"]["high"] < 1


def test_one_persons_answers_give_the_bytes_of_any_aggregator(workspace):
    for place, (kind, names) in enumerate(
        [("confirm", ("leaf",)), ("class", ("stone",)), ("skip", ()), ("class_set", ("leaf", "stone"))]
    ):
        said(workspace, place, "ada", kind, *names)
    metrics = run(workspace, **GO_ON)
    assert "people" not in metrics
    digests = toys.digests(workspace / "labels/r1")
    del digests["people.json"]  # the network may say something of the person
    for name in ("dawid_skene", "belief_propagation"):
        run(workspace, out="again", aggregator={"name": name}, network=0.8, **GO_ON)
        assert toys.digests(workspace / "again").items() >= digests.items()
    kept = read(workspace / "labels/r1/answers.jsonl")
    assert [(each.query, each.who) for each in kept] == [
        (each.query, each.who) for each in read(workspace / "r1.jsonl")
    ]
    assert (workspace / "labels/r1/individual_answers.jsonl").read_text() == ""


def test_overlap_waits_for_that_many_people(workspace):
    ask(workspace, "r1", [("a/0", 22)])
    said(workspace, 0, "ada", "class", "stone")
    run(workspace, **PEOPLE)
    with pytest.raises(Waiting, match="1 of 1 queries"):
        run(workspace, overlap=2, **PEOPLE)
    said(workspace, 0, "ben", "skip")
    run(workspace, overlap=2, **PEOPLE)
    with pytest.raises(Waiting):
        run(workspace, overlap=3, **PEOPLE)
    run(workspace, overlap=3, oracle={"name": "people"})  # by default one of the answers is enough to go on
    said(workspace, 0, "eva", "class", "leaf", settles=True)
    run(workspace, overlap=3, **PEOPLE)
    assert label(workspace, 0) == {1}


def test_adaptive_waits_where_the_answer_is_in_doubt(workspace):
    ask(workspace, "r1", [("a/0", 22)])
    said(workspace, 0, "ada", "class", "stone")
    run(workspace, overlap="adaptive", doubt=0.5, **PEOPLE)  # a person nobody knows is right with 2/3
    with pytest.raises(Waiting):
        run(workspace, overlap="adaptive", doubt=0.1, **PEOPLE)
    said(workspace, 0, "ben", "class", "stone")
    run(workspace, overlap="adaptive", doubt=0.25, **PEOPLE)


def test_a_later_rounds_opinion_is_weighed_with_the_earlier_ones(workspace):
    for who, name in (("ada", "stone"), ("ben", "ground")):
        said(workspace, 1, who, "class", name)
    run(workspace, **GO_ON)
    assert label(workspace, 1) == {0}  # a tie: the later
    said(workspace, 1, "cem", "class", "stone", into="r2", of="r1")
    run(workspace, "r2", **GO_ON)
    assert label(workspace, 1, "labels/r2") == {2}
    rows = history.read(workspace / "labels/r2").to_pylist()
    assert [(row["round"], row["answer"], row["who"]) for row in rows] == [
        ("r1", "ground", "ben"),
        ("r2", "stone", "ada, cem"),
    ]
    assert len(read(workspace / "labels/r2/individual_answers.jsonl")) == 3


def test_reverts_of_some_and_of_all(workspace):
    given = [
        said(workspace, 1, who, "class", name) for who, name in (("ada", "stone"), ("ben", "stone"), ("cem", "ground"))
    ]
    run(workspace, **GO_ON)
    first = label(workspace, 1, "labels/r0")

    def revert(names):
        write(
            workspace / "r2.jsonl",
            [each.model_copy(update={"kind": "revert", "classes": ()}) for each in given if each.who in names],
        )

    revert(["ada", "ben"])
    run(workspace, "r2", **GO_ON)
    assert label(workspace, 1, "labels/r2") == {0}
    revert(["ada", "ben", "cem"])
    metrics = run(workspace, "r2", **GO_ON)
    assert label(workspace, 1, "labels/r2") == first and metrics["reverted"] == 1
    assert read(workspace / "labels/r2/answers.jsonl") == []


def test_what_an_outvoted_person_brushed_beside_does_not_count(workspace):
    query = read_queries(workspace / "queries/r1")[1]
    brushed = said(workspace, 1, "ada", "mask", "ground", mask=query.footprint, when="2026-01-01T00:00:00Z")
    beside = read_queries(workspace / "queries/r1")[3].footprint
    part = brushed.model_copy(
        update={"query": f"{query.query}+1", "footprint": beside, "mask": beside, "classes": ("stone",)}
    )
    write(workspace / "r1.jsonl", [brushed, part])
    run(workspace, **GO_ON)
    assert label(workspace, 3) - {255} == {2}
    for who in ("ben", "cem"):
        said(workspace, 1, who, "class", "stone")
    run(workspace, **GO_ON)
    assert label(workspace, 1) == {2} and label(workspace, 3) == label(workspace, 3, "labels/r0")


def test_gold_questions_measure_and_change_nothing(workspace):
    given = said(workspace, 1, "ada", "class", "stone")
    write(workspace / "r1.jsonl", [given.model_copy(update={"query": "gold-00001"})])
    metrics = run(workspace, **GO_ON)
    assert metrics["answered"] == metrics["clicks"] == 0 and label(workspace, 1) == label(workspace, 1, "labels/r0")
    assert people(workspace)["ada"]["answers"] == 0
    run(workspace, "r2", **GO_ON)
    assert [each.query for each in read(workspace / "labels/r2/individual_answers.jsonl")] == ["gold-00001"]


def test_simulated_people(workspace):
    run(workspace, overlap=3, **crowd())
    first = toys.digests(workspace / "labels/r1")
    individual = read(workspace / "labels/r1/individual_answers.jsonl")
    assert len(individual) == 24 and {each.who for each in individual} == {f"simulated:{p['name']}" for p in THREE}
    run(workspace, overlap=3, out="again", **crowd())
    assert toys.digests(workspace / "again") == first
    assert people(workspace)["simulated:ada"]["reliability"] > people(workspace)["simulated:cem"]["reliability"]


def test_clicks_buy_a_third_of_the_questions_with_three_people(workspace):
    spend(workspace, 6)
    assert run(workspace, overlap=3, **crowd())["answered"] == 2
    assert run(workspace, **crowd())["answered"] == 6
    metrics = run(workspace, overlap="adaptive", **crowd())
    assert 2 <= metrics["answered"] <= 6 and metrics["clicks"] == 6


def test_spammers_and_confused_people(workspace):
    spam = [{"name": "dan", "spams": "confirm"}]
    assert run(workspace, **crowd(spam))["confirmed"] == 8
    confused = [{"name": "eva", "accuracy": 0.0, "confuses": {"stone": "ground", "leaf": "ground", "ground": "stone"}}]
    run(workspace, **crowd(confused))
    assert label(workspace, 1) == {0}  # stone, called leaf
    with pytest.raises(ValueError, match="confuses the class 'tree'"):
        run(workspace, **crowd([{"name": "eva", "confuses": {"tree": "leaf"}}]))


def test_people_win_over_simulated_people(workspace):
    said(workspace, 1, "ada", "class", "ground")
    run(workspace, overlap=3, **crowd())
    assert label(workspace, 1) == {0}
    assert all(each.who.startswith("simulated:") for each in read(workspace / "labels/r1/individual_answers.jsonl"))


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"overlap": 0}, "must be a count of people"),
        ({"overlap": "often"}, "must be a count of people"),
        ({"overlap": 3}, "1 simulated annotator can answer"),
        ({"overlap": "adaptive"}, "set most_people to 1"),
        ({"aggregator": {"name": "arbitration"}}, "compares two masks"),
        ({"network": 0.5}, "takes no prior"),
        (crowd([{"name": "ada"}, {"name": "ada"}]), "one name"),
    ],
)
def test_settings_that_do_not_fit_are_refused(block, sentence):
    with pytest.raises(ValueError, match=sentence):
        validated(Params, block, "correct")


def test_a_network_whose_confidence_is_not_known_is_no_vote_against_its_class():
    answer = Answer(
        query="r1-00001", image="a", footprint=encode_pixels(np.array([0]), (1, 2)), kind="confirm", classes=("stone",)
    )
    for confidence, known in ((0.0, (None, 0.0)), (0.7, (1, 0.7))):  # 0: an older history does not say it
        asked = {answer.identity: QuestionAsked(1, confidence, None)}
        assert questions_of([(answer,)], asked, {})[0][2:] == known
