"""What a round was expected to fix, and what it fixed in the labels that were shown."""

import pytest

from segmend.answers import history
from segmend.answers.answers import read_queries, write_queries
from segmend.answers.forecasts import read as read_forecasts
from tests.correct.rounds import BOLD_EVIDENCE, changed_by_evidence, question_about, reply, run, spend, write_forecast


@pytest.mark.parametrize("kind", ["confirm", "class"])
def test_the_outcome_of_a_forecast_is_counted_against_what_was_shown(workspace, monkeypatch, kind):
    """Automatic labels were shown: to confirm them changes nothing, to take them back does (workspace a right one is broken)."""
    mask = changed_by_evidence(workspace, monkeypatch)
    size = int(mask.sum())
    question_about(workspace, "r2", "a/2", mask, "stone", "leaf")
    write_forecast(workspace, "r2", 16)
    reply(workspace, 0, kind, ("stone",) if kind == "confirm" else ("leaf",), into="r2")
    metrics = run(workspace, "r2", expansion=BOLD_EVIDENCE)
    outcome = read_forecasts(workspace / "labels/r2/forecasts.json")[1]
    row = [row for row in history.read(workspace / "labels/r2").to_pylist() if row["round"] == "r2"][0]
    if kind == "confirm":
        assert (outcome.changed, outcome.fixed, row["changed"], row["old"], row["new"]) == (0, 0, 0, "stone", "stone")
        # Beside what the answers before it answer, it changes as much as ever.
        assert metrics["pixels_changed"] == metrics["pixels_fixed"] == size
    else:
        assert (outcome.changed, outcome.fixed, row["changed"], row["old"], row["new"]) == (
            size,
            -size,
            size,
            "stone",
            "leaf",
        )
        assert metrics["pixels_changed"] == 0


def test_a_forecast_is_of_the_questions_that_were_answered(workspace, monkeypatch):
    asked = [q.model_copy(update={"expected": 10.0}) for q in read_queries(workspace / "queries/r1")]
    write_queries(workspace / "queries/r1", asked)
    write_forecast(workspace, "r1", 40.3, experience=0.5)
    run(workspace)
    (whole,) = read_forecasts(workspace / "labels/r1/forecasts.json")
    assert (whole.answered, whole.expected) == (8, 40.3)
    spend(workspace, 3)
    run(workspace)
    (part,) = read_forecasts(workspace / "labels/r1/forecasts.json")
    assert (part.answered, part.clicks, part.expected) == (3, 3, 15)  # half of 3 * 10


def test_a_late_answer_is_no_part_of_the_forecast(workspace):
    run(workspace)
    late = reply(workspace, 1, classes=("ground",), into="r2", of="r1")
    write_forecast(workspace, "r2", 5.0)
    metrics = run(workspace, "r2")
    (outcome,) = read_forecasts(workspace / "labels/r2/forecasts.json")
    rows = history.read(workspace / "labels/r2").to_pylist()[8:]
    assert metrics["pixels_changed"] > outcome.changed == sum(r["changed"] for r in rows if r["query"] != late.query)
    assert (outcome.answered, outcome.clicks) == (2, 2)
