"""A round on a toy workspace with a simulated annotator: labels, history, metrics, equal bytes."""

from json import loads

import numpy as np
import pytest

from segmend.answers import history
from segmend.answers.answers import latest, read, read_queries, write_queries
from segmend.images.dataset import Dataset, Labels
from tasks.correct.__main__ import correct
from tasks.correct.apply_answers import corrected
from tests import toys
from tests.correct.rounds import BLOCKS, ask, run


def test_simulated_round(workspace):
    data, first = Dataset(workspace / "dataset", workspace / "truth"), Labels(workspace / "labels/r0")
    metrics = run(workspace)
    labels = Labels(workspace / "labels/r1")
    stone = BLOCKS == 22  # rows 24..31, columns 32..39: stone called leaf
    assert (first["a/0"][stone] == 1).all() and (labels["a/0"][stone] == 2).all()
    assert (labels["a/2"] == first["a/2"]).all() and (labels["b"] == first["b"]).all()
    assert metrics["asked"] == metrics["answered"] == metrics["clicks"] == 8
    assert metrics["confirmed"] + metrics["changed"] + metrics["skipped"] == 8
    wrong = [sum((maps[name] != data.truth(name)).sum() for name in ("a/0", "a/1", "a/2")) for maps in (first, labels)]
    assert metrics["pixels_fixed"] - metrics["pixels_broken"] == wrong[0] - wrong[1] > 0
    assert metrics["pixels_changed"] == sum(metrics[f"changed_to/{name}"] for name in data.classes)


def test_history_rows(workspace):
    run(workspace)
    metrics = run(workspace, "r2")
    rows = history.read(workspace / "labels/r2").to_pylist()
    assert [row["query"] for row in rows] == [*(f"r1-{k:05d}" for k in range(1, 9)), "r2-00001", "r2-00002"]
    assert rows[1] == {
        "round": "r1", "query": "r1-00002", "image": "a/0", "region": 22, "kind": "class", "who": "simulated", "shown": "leaf",
        "predicted": "leaf", "answer": "stone", "old": "leaf", "new": "stone", "pixels": 64, "changed": 64, "clicks": 1.0, "seconds": 12.1,
        "expected": None, "confidence": None, "chance": None, "identity": read_queries(workspace / "queries/r1")[1].identity,
    }  # fmt: skip
    assert metrics["clicks"] == 2 and metrics["clicks_total"] == 10
    assert metrics["seconds_total"] == pytest.approx(sum(row["seconds"] for row in rows))


def test_labels_are_a_pure_function_of_first_labels_and_answers(workspace):
    run(workspace)
    run(workspace, "r2")
    first, second = Labels(workspace / "labels/r0"), Labels(workspace / "labels/r2")
    answers = read(workspace / "labels/r2/answers.jsonl", toys.LEAF_CARD.classes)
    assert len(answers) == 10 and answers == latest(answers)
    for image in ("a/0", "a/1", "a/2", "b"):
        mine = [answer for answer in answers if answer.image == image]
        assert (corrected(first[image], mine, toys.LEAF_CARD.classes) == second[image]).all()


def test_equal_bytes_for_any_number_of_workers(workspace, monkeypatch):
    run(workspace)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(workspace, out="again")
    assert toys.digests(workspace / "labels/r1") == toys.digests(workspace / "again")


def test_no_queries_changes_nothing(workspace):
    write_queries(workspace / "queries/r1", [])
    metrics = run(workspace)
    assert metrics["asked"] == 0 and metrics["pixels_changed"] == 0
    assert toys.digests(workspace / "labels/r0/maps") == toys.digests(workspace / "labels/r1/maps")


def test_the_forecast_of_a_query_is_kept_in_the_history(workspace):
    asked = read_queries(workspace / "queries/r1")
    write_queries(workspace / "queries/r1", [q.model_copy(update={"expected": 2.5 * q.rank}) for q in asked])
    run(workspace)
    assert history.read(workspace / "labels/r1")["expected"].to_pylist() == [2.5 * k for k in range(8)]


def test_a_map_without_new_answers_is_the_replay_of_the_earlier_ones(workspace):
    run(workspace)
    first, again = toys.digests(workspace / "labels/r1/maps"), Labels(workspace / "labels/r1")
    again.write("a/1", np.zeros(toys.LEAF_SHAPE, np.uint8), toys.LEAF_CARD)  # as if it had been labelled automatically
    write_queries(workspace / "queries/r2", [])
    run(workspace, "r2")
    assert toys.digests(workspace / "labels/r2/maps") == first


def test_a_hint_where_sets_change_nothing(workspace, capsys):
    ask(workspace, "r1", [(image, (21, 22, 28)) for image in ("a/0", "a/1")], "multiclass")
    run(workspace)
    assert ("the loss `partial` learns from them" in capsys.readouterr().out) == any(
        answer.kind == "class_set" and len(answer.classes) > 1 for answer in read(workspace / "labels/r1/answers.jsonl")
    )


def test_command_line(workspace):
    (workspace / "params.yaml").write_text(toys.LEAF_PARAMS.replace("name: ground_truth", "name: people"))
    line = "--round r1 --dataset dataset --truth truth --first labels/r0 --labels labels/r0 --queries queries/r1"
    words = [
        *line.split(),
        *[
            "--regions",
            "regions",
            "--model",
            "model",
            "--answers",
            "r1.jsonl",
            "--out",
            "labels/r1",
            "--metrics",
            "m.json",
            "--report",
            "r.json",
        ],
    ]
    assert correct(words) == 75
    (workspace / "params.yaml").write_text(toys.LEAF_PARAMS)
    assert correct(words) == 0 and loads((workspace / "m.json").read_text())["answered"] == 8
