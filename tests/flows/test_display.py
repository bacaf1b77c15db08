"""The line for the whole flow: how many stages are done, and about how long the others take."""

import io
from pathlib import Path

from rich.console import Console

from flows.display import Display, Remaining
from flows.engine.plan import Plan, Stage
from flows.engine.runner import Outcome


def test_time_left_is_last_times_then_the_same_stage_of_another_round_then_the_mean():
    remaining = Remaining({"ingest": 10.0, "train@r0": None, "train@r1": None, "report": None})
    assert remaining.seconds() == 10 + 3 * 10
    remaining.end("ingest", 20.0)
    assert remaining.seconds() == 3 * 20
    remaining.end("train@r0", 100.0)
    assert remaining.seconds() == 100 + 60 and remaining.text() == "about 3 min left" and remaining.done == 2
    assert Remaining({"ingest": None}).text() == ""


def test_a_terminal_shows_stage_k_of_n(tmp_path: Path):
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    stages = {name: Stage(name, why=("never ran",)) for name in ("first", "second", "third")}
    with Display(console) as display:
        display.expect(Plan(stages), tmp_path)
        display.ended(stages["first"], Outcome("first", "Completed", seconds=30.0), tmp_path)
        display._progress.refresh()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "all stages" in shown and "1/3" in shown and "about 60 s left" in shown
