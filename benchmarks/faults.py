"""Does anything get lost? Random kills, faults and bad inputs against the shipped pipeline on toy data.

    python -m benchmarks.faults                       everything that is not measured yet
    python -m benchmarks.faults --minutes 10          stop after ten minutes; the next start goes on there
    python -m benchmarks.faults --only inputs         one part: kills, writers, kinds, inputs, or the page

Rows are kept in results/faults.jsonl as they come. The page docs/faults.md is made from them.
"""

from collections.abc import Callable
from json import dumps
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks import faults_kinds, faults_page, faults_writers
from benchmarks.claims import RESULTS, arguments, kept
from benchmarks.faults_inputs import inputs, outcome
from benchmarks.faults_kills import KILLS, prepared, trial

NAME = "faults"
TRIALS = 42  # of 5 kills each
FOLDER = Path(__file__).resolve().parents[1] / ".work" / "faults"


def keep(rows: list[dict[str, Any]]) -> None:
    """Append rows to the results."""
    with (RESULTS / f"{NAME}.jsonl").open("a") as file:
        file.writelines(dumps(row) + "\n" for row in rows)


def kills(out_of_time: Callable[[], bool]) -> None:
    """The trials that have no rows yet. After one that did not end with equal bytes the workspace is made anew."""
    done = {row["trial"] for row in kept(NAME) if row["kind"] == "kill"}
    seconds: dict[str, float] = {}
    for number in range(TRIALS):
        if number in done:
            continue
        if out_of_time():
            return
        rows = trial(number, prepared(FOLDER), seconds)
        keep(rows)
        print(f"trial {number}: {KILLS} kills of {rows[0]['stage']}, equal bytes: {rows[0]['equal']}", flush=True)
        if not rows[0]["equal"]:
            (FOLDER / "ready").unlink()


def writers() -> None:
    """Kills of processes that append answers."""
    done = {row["trial"] for row in kept(NAME) if row["kind"] == "writer"}
    for number in set(range(faults_writers.TRIALS)) - done:
        keep([faults_writers.trial(number)])


def kinds(out_of_time: Callable[[], bool]) -> None:
    """Every kind of fault that has no row yet. After one that did not end with equal bytes the workspace is made anew."""
    done = {row["name"] for row in kept(NAME) if row["kind"] == "fault"}
    for fault in faults_kinds.FAULTS:
        if fault.name in done:
            continue
        if out_of_time():
            return
        row = faults_kinds.trial(fault, prepared(FOLDER))
        keep([row])
        print(f"{fault.name}: passed {row['passed']}", flush=True)
        if not row["equal"]:
            (FOLDER / "ready").unlink()


def bad_inputs() -> None:
    """Every bad file that has no row yet."""
    done = {(row["of"], row["name"]) for row in kept(NAME) if row["kind"] == "input"}
    for kind, name, content in inputs():
        if (kind, name) not in done:
            keep([{"kind": "input", "of": kind, "name": name, **outcome(kind, content)}])


def main() -> None:
    chosen = arguments(
        NAME,
        __doc__,
        minutes={"type": float, "help": "begin nothing new after this time"},
        only={"choices": ["kills", "writers", "kinds", "inputs", "page"], "help": "one part alone"},
    )
    limit = monotonic() + 60 * (chosen.minutes or 1e6)
    if chosen.only in (None, "kills"):
        kills(lambda: monotonic() > limit)
    if chosen.only in (None, "writers"):
        writers()
    if chosen.only in (None, "kinds"):
        kinds(lambda: monotonic() > limit)
    if chosen.only in (None, "inputs"):
        bad_inputs()
    faults_page.write(kept(NAME))


if __name__ == "__main__":
    main()
