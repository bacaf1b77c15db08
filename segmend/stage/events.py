"""What a stage tells while it runs: parameters, metrics, figures, progress.

A stage never talks to a tracking server. It writes one JSON object a line into the spool folder that the runner named
in SEGMEND_SPOOL; the runner sends the lines on (flows/tracking/mlflow_store.py). So a server that is slow or gone cannot fail a
stage, and stages need not load mlflow. Without a spool (a stage started by hand) nothing is kept, and progress is a
bar in the terminal.
"""

from collections.abc import Iterable, Iterator
from json import dumps
from os import environ
from pathlib import Path
from sys import stderr
from time import monotonic
from typing import Any, TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
notes: dict[str, Any] = {}  # what `note` was told in this run


def send(kind: str, **content: Any) -> None:
    """Append one line to the spool, if there is one."""
    spool = environ.get("SEGMEND_SPOOL")
    if spool:
        with (Path(spool) / "lines.jsonl").open("a") as file:
            file.write(dumps({"kind": kind, **content}) + "\n")


def params(values: dict[str, Any]) -> None:
    send("params", values=values)


def metrics(values: dict[str, int | float], step: int = 0) -> None:
    """Numbers for the dashboard; step is an epoch or a round."""
    send("metrics", values=values, step=step)


def note(values: dict[str, Any]) -> None:
    """Of this one run (how long something took): it goes into the stage's record, never into its metrics."""
    notes.update(values)


def artifact(path: Path, folder: str = "") -> None:
    """A file of this workspace to show with the run."""
    send("artifact", path=str(path), folder=folder)


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass the items on and show how far it is: a bar in a terminal, lines in the spool, else nothing."""
    if not environ.get("SEGMEND_SPOOL"):
        yield from tqdm(items, total=total, desc=what, unit="", disable=not stderr.isatty(), leave=False)
        return
    told = monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if done == total or monotonic() - told > 0.5:
            told = monotonic()
            send("progress", what=what, done=done, total=total)
