"""Answers of people and of the oracle: which count, what is waited for, late ones, refusals, budgets in clicks."""

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import Answer, encode, read, read_queries, write
from segmend.images.dataset import Labels
from segmend.stage.command import Waiting
from tests.correct.rounds import BLOCKS, PEOPLE, ask, prepare, reply, run, spend


def test_peoples_answers_win_over_simulated_ones(workspace):
    reply(workspace, 1, classes=("ground",), clicks=3, seconds=99.5)  # wrong, but it is what ada says
    metrics = run(workspace)
    row = history.read(workspace / "labels/r1").to_pylist()[1]
    assert (row["who"], row["answer"], row["clicks"], row["seconds"]) == ("ada", "ground", 3, 99.5)
    assert (Labels(workspace / "labels/r1")["a/0"][BLOCKS == 22] == 0).all()
    assert metrics["answered"] == 8 and metrics["clicks"] == 10


def test_people_are_waited_for(workspace):
    for place in range(7):
        reply(workspace, place)
    with pytest.raises(Waiting, match=r"1 of 8 queries are still unanswered.*queries/r1; answers go to .*r1\.jsonl"):
        run(workspace, **PEOPLE)
    assert not (workspace / "labels/r1").exists()
    metrics = run(workspace, oracle={"name": "people", "people": {"enough": 0.8}})
    assert metrics["answered"] == 7 and metrics["unanswered"] == 1
    reply(workspace, 7, "skip", ())
    assert run(workspace, **PEOPLE)["skipped"] == 1


def test_a_second_line_for_a_query_replaces_the_first(workspace):
    for place in range(8):
        reply(workspace, place, classes=("stone",))
    reply(workspace, 0, "skip", ())
    metrics = run(workspace, **PEOPLE)
    assert metrics["answered"] == 8 and metrics["skipped"] == 1 and metrics["changed"] == 7
    assert (Labels(workspace / "labels/r1")["a/0"] == Labels(workspace / "labels/r0")["a/0"])[BLOCKS == 21].all()


def test_late_answers_are_applied_by_their_own_footprint(workspace):
    run(workspace)
    assert (Labels(workspace / "labels/r1")["a/0"][BLOCKS == 22] == 2).all()
    late = reply(workspace, 1, classes=("ground",), into="r2", of="r1")
    stray = Answer(query="older-7", image="a/1", footprint=encode(BLOCKS == 29), kind="class", classes=("leaf",))
    write(workspace / "r2.jsonl", [late, stray])
    metrics = run(workspace, "r2")
    assert metrics["late"] == 2 and metrics["answered"] == 2 and metrics["unanswered"] == 0
    labels = Labels(workspace / "labels/r2")
    assert (labels["a/0"][BLOCKS == 22] == 0).all() and (labels["a/1"][BLOCKS == 29] == 1).all()
    rows = history.read(workspace / "labels/r2").to_pylist()
    assert (rows[8]["round"], rows[8]["query"], rows[8]["old"], rows[8]["new"], rows[8]["changed"]) == (
        "r2",
        "r1-00002",
        "stone",
        "ground",
        64,
    )
    kept = read(workspace / "labels/r2/answers.jsonl")
    assert len(kept) == 8 + 2 + 1 and [a.who for a in kept if a.query == "r1-00002"] == ["ada"]


def test_brushed_masks_and_class_sets_are_taken(workspace):
    brush = np.zeros((40, 48), bool)
    brush[24:28, 32:36] = True
    reply(workspace, 1, "mask", ("stone",), mask=encode(brush))
    reply(workspace, 0, "class_set", ("leaf", "stone"))
    metrics = run(workspace)
    labels = Labels(workspace / "labels/r1")["a/0"]
    assert (labels[brush] == 2).all() and (labels[(BLOCKS == 22) & ~brush] == 1).all()
    assert metrics["class_sets"] == 1 and metrics["answered"] == 8


def test_without_truth_the_simulated_annotator_says_what_is_needed(tmp_path, monkeypatch):
    prepare(tmp_path, monkeypatch, truth=False)
    with pytest.raises(
        Waiting, match=r"none of the 8 queries .* truth folder.*ingest\.noise.*correct\.oracle\.name: people"
    ):
        run(tmp_path)
    reply(tmp_path, 0)
    metrics = run(tmp_path)  # somebody answered: what is there is applied
    assert metrics["answered"] == 1 and metrics["unanswered"] == 7
    assert metrics["pixels_fixed"] is None and "truth" in metrics["why_no_fixed"]


def test_bad_answers_are_named_by_file_and_line(workspace):
    reply(workspace, 0)
    reply(workspace, 1, classes=("lichen",))
    with pytest.raises(ValueError, match=r"r1\.jsonl, line 2: unknown class 'lichen'"):
        run(workspace)


def test_an_answer_is_matched_by_image_and_footprint_not_by_number(workspace):
    """r1-00001 was another region, of another image, before something upstream changed."""
    asked = read_queries(workspace / "queries/r1")
    about = {"kind": "class", "classes": ("ground",), "who": "ada"}
    moved = Answer(query=asked[0].query, image=asked[1].image, footprint=asked[1].footprint, **about)
    late = Answer(query=asked[1].query, image="a/2", footprint=asked[0].footprint, **about)
    write(workspace / "r1.jsonl", [moved, late])
    metrics = run(workspace)
    assert metrics["late"] == 1 and metrics["answered"] == metrics["asked"] == 8
    rows = history.read(workspace / "labels/r1").to_pylist()
    assert [(row["query"], row["image"], row["region"], row["who"]) for row in rows[:3]] == [
        (asked[1].query, "a/2", -1, "ada"),
        (asked[0].query, "a/0", 21, "simulated"),
        (asked[1].query, "a/0", 22, "ada"),
    ]
    labels = Labels(workspace / "labels/r1")
    assert (labels["a/0"][BLOCKS == 22] == 0).all() and (labels["a/2"][BLOCKS == 21] == 0).all()


def test_a_confirmed_class_that_is_no_longer_shown_is_the_answer(workspace):
    """The first labels said stone when ada confirmed it; now they say leaf."""
    reply(workspace, 1, "confirm", ("stone",))
    run(workspace)
    assert (Labels(workspace / "labels/r1")["a/0"][BLOCKS == 22] == 2).all()
    row = history.read(workspace / "labels/r1").to_pylist()[1]
    assert (row["who"], row["kind"], row["answer"], row["changed"]) == ("ada", "class", "stone", 64)


def test_a_simulated_answer_changes_no_pixel_that_a_person_answered(workspace):
    ask(workspace, "r1", [("a/0", (21, 22, 23, 27, 28))])
    late = Answer(
        query="old", image="a/0", footprint=encode(BLOCKS == 22), kind="class", classes=("ground",), who="ada"
    )
    write(workspace / "r1.jsonl", [late])
    assert run(workspace)["answered"] == 1
    assert (Labels(workspace / "labels/r1")["a/0"][BLOCKS == 22] == 0).all()
    run(workspace, "r2")
    assert (Labels(workspace / "labels/r2")["a/0"][BLOCKS == 22] == 0).all()


def test_a_late_revert_takes_an_answer_of_an_earlier_round_back(workspace):
    answer = reply(workspace, 1, classes=("ground",))
    run(workspace)
    undone = Answer(query="x", image=answer.image, footprint=answer.footprint, kind="revert", who="ada", by="ben")
    write(workspace / "r2.jsonl", [undone])
    metrics = run(workspace, "r2")
    first, labels = Labels(workspace / "labels/r0")["a/0"], Labels(workspace / "labels/r2")["a/0"]
    assert metrics["reverted"] == 1 and (labels == first)[BLOCKS == 22].all()
    row = next(row for row in history.read(workspace / "labels/r2").to_pylist() if row["kind"] == "revert")
    assert (row["old"], row["new"], row["clicks"], row["changed"]) == ("ground", "leaf", 0, 64)
    assert all(answer.identity != undone.identity for answer in read(workspace / "labels/r2/answers.jsonl"))


def test_answers_about_images_that_are_test_images_now_stay_in_the_file(workspace, capsys):
    write(workspace / "r1.jsonl", [Answer(query="x", image="c", footprint=encode(BLOCKS == 3), kind="skip")])
    assert (
        run(workspace)["late"] == 0
        and "1 answers are about images that are in the test split" in capsys.readouterr().out
    )


def test_answers_about_val_images_are_applied(workspace):
    about = {"kind": "class", "classes": ("leaf",), "who": "ada"}
    write(workspace / "r1.jsonl", [Answer(query="x", image="b", footprint=encode(BLOCKS == 3), **about)])
    assert run(workspace)["late"] == 1
    assert (Labels(workspace / "labels/r1")["b"][BLOCKS == 3] == 1).all()


def test_clicks_are_spent_in_the_order_of_asking(workspace):
    ask(workspace, "r1", [(image, region) for region in (21, 22, 3, 0) for image in ("a/0", "a/1")], "multiclass")
    all_of_it = run(workspace, out="all", oracle={"name": "ground_truth", "ground_truth": {"rim": 0}})
    assert all_of_it["left_over"] == 0 and all_of_it["class_sets"] > 0 and all_of_it["clicks"] > 8
    clicks = [row["clicks"] for row in history.read(workspace / "all").to_pylist()]
    spend(workspace, 3)
    metrics = run(workspace, oracle={"name": "ground_truth", "ground_truth": {"rim": 0}})
    taken = next(n for n in range(9) if sum(clicks[:n]) >= 3)
    assert metrics["answered"] == taken and metrics["left_over"] == metrics["unanswered"] == 8 - taken > 0
    assert 3 <= metrics["clicks"] == sum(clicks[:taken]) < 3 + clicks[taken - 1]
    assert [row["query"] for row in history.read(workspace / "labels/r1").to_pylist()] == [
        f"r1-{k + 1:05d}" for k in range(taken)
    ]


def test_peoples_clicks_count_and_their_answers_stay(workspace):
    spend(workspace, 4)
    reply(workspace, 7, clicks=3)
    metrics = run(workspace)
    assert metrics["clicks"] == 4 and metrics["answered"] == 2 and metrics["left_over"] == 6
    assert {row["who"] for row in history.read(workspace / "labels/r1").to_pylist()} == {"ada", "simulated"}
    with pytest.raises(Waiting, match="it also goes on when 4 clicks are spent, and 3 are"):
        run(workspace, **PEOPLE)
    reply(workspace, 6, clicks=1)
    assert run(workspace, **PEOPLE)["answered"] == 2  # the clicks are spent: nobody is waited for


def test_a_budget_in_regions_cuts_nothing(workspace):
    spend(workspace, 3, "regions")
    assert run(workspace)["answered"] == 8
