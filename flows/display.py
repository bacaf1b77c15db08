"""What the terminal shows: progress while stages run, and tables afterwards. Plain lines when it is no terminal."""

import json
import threading
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows import environment
from flows.engine.plan import Plan, Stage
from flows.engine.runner import Listener, Outcome
from flows.files import workspace_files

COLOURS = {
    "Completed": "green",
    "Restored": "cyan",
    "Cached": "dim",
    "Waiting": "yellow",
    "Drifted": "yellow",
    "NotStarted": "dim",
}
TITLES = {
    "round": "round",
    "clicks": "clicks so far",
    "data_miou": "data mIoU",
    "coverage": "label coverage",
    "wrong_pixels": "wrong pixels",
    "model_miou": "model mIoU (test)",
}


class Display(Listener):
    """One line for the whole flow and one bar per running stage in a terminal; stages' lines above them."""

    def __init__(self, console: Console):
        self._console = console
        self._lock = threading.Lock()
        self._bars: dict[str, TaskID] = {}
        self._remaining: Remaining | None = None
        self._whole: TaskID | None = None
        self._progress = Progress(
            TextColumn("{task.description:>16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def expect(self, plan: Plan, root: Path) -> None:
        """From now on the first line says how many of the plan's stale stages are done, and about how long the others will take."""
        self._remaining = Remaining({stage.name: seconds_of(root, stage) for stage in plan.stale})
        self._whole = self._progress.add_task("all stages", total=len(plan.stale), what="")

    def _show_whole(self, ended: str | None = None, seconds: float = 0.0) -> None:
        if self._remaining is None or self._whole is None:
            return
        if ended is not None:
            self._remaining.end(ended, seconds)
        self._progress.update(self._whole, completed=self._remaining.done, what=self._remaining.text())

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _bar(self, stage: str) -> TaskID:
        with self._lock:
            if stage not in self._bars:
                self._bars[stage] = self._progress.add_task(stage, total=None, what="")
            return self._bars[stage]

    def starting(self, stage: Stage, folder: Path) -> dict[str, str]:
        self._bar(stage.name)
        self._show_whole()
        if not self._console.is_terminal:
            self.say(f"{stage.name}: running ({'; '.join(stage.why)})")
        return {}

    def line(self, stage: str, text: str) -> None:
        self.say(f"{stage} | {text}")

    def item(self, stage: str, item: dict[str, Any]) -> None:
        if item.get("kind") == "progress":
            self._progress.update(
                self._bar(stage), completed=item.get("done"), total=item.get("total"), what=str(item.get("what", ""))
            )

    def ended(self, stage: Stage, outcome: Outcome, folder: Path | None) -> None:
        with self._lock:
            bar = self._bars.pop(stage.name, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._show_whole(stage.name, outcome.seconds)
        if outcome.what != "Cached":
            seconds = f" in {outcome.seconds:.1f} s" if outcome.seconds else ""
            colour = COLOURS.get(outcome.what, "bold red")
            self._console.print(
                f"[{colour}]{stage.name}: {outcome.what}[/]{seconds}{'. ' if outcome.sentence else ''}", end=""
            )
            self.say(outcome.sentence)


class Remaining:
    """How long the stages that have not ended will take: as long as last time, else as the same stage of another round, else as the
    mean of those that have ended. Stages that run side by side make it shorter than it says."""

    def __init__(self, before: dict[str, float | None]):
        self._before, self._took = before, dict[str, float]()

    @property
    def done(self) -> int:
        return len(self._took)

    def end(self, stage: str, seconds: float) -> None:
        if stage in self._before:
            self._took[stage] = seconds

    def seconds(self) -> float | None:
        """None as long as nothing is known."""
        by_kind: dict[str, list[float]] = {}
        for name, took in self._took.items():
            by_kind.setdefault(name.split("@")[0], []).append(took)
        known = [took for took in self._took.values() if took] or [before for before in self._before.values() if before]
        if not known:
            return None
        left = 0.0
        for name, before in self._before.items():
            if name not in self._took:
                same = by_kind.get(name.split("@")[0]) or known
                left += before if before is not None else sum(same) / len(same)
        return left

    def text(self) -> str:
        seconds = self.seconds()
        if seconds is None or self.done == len(self._before):
            return ""
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {max(1, round(seconds)):d} s left"


def seconds_of(root: Path, stage: Stage) -> float | None:
    """How long the stage took last time, as its record says."""
    seconds = workspace_files.report(root, stage.outs).get("seconds")
    return float(seconds) if seconds is not None else None


def rounds_table(root: Path) -> Table | None:
    """The table of rounds as evaluate wrote it; None before the first."""
    rows = workspace_files.rounds(root)
    if not rows:
        return None
    table = Table(title="Rounds")
    for title in TITLES.values():
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*(_number(row[key]) for key in TITLES))
    return table


def _number(value: Any) -> str:
    return (
        "-"
        if value is None
        else f"{value:.3f}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def status(root: Path, plan: Plan, tracking: str) -> dict[str, Any]:
    """What other programs read; the keys are a promise."""
    report = workspace_files.html_report(root)
    return {
        "stages": [
            {"name": stage.name, "fresh": stage.fresh, "why": "; ".join(stage.why)} for stage in plan.stages.values()
        ],
        "rounds": workspace_files.rounds(root),
        "report": str(report) if report else None,
        "mlflow": environment.without_secrets(tracking),
    }


def print_status(console: Console, content: dict[str, Any], as_json: bool, root: Path) -> None:
    if as_json:
        print(json.dumps(content, indent=2))
        return
    table = Table()
    for title in ("stage", "state", "why"):
        table.add_column(title)
    for stage in content["stages"]:
        table.add_row(stage["name"], "[green]fresh[/]" if stage["fresh"] else "[yellow]stale[/]", stage["why"])
    console.print(table)
    ending(console, root)


def ending(console: Console, root: Path) -> None:
    """The table of rounds and where to look next."""
    if (table := rounds_table(root)) is not None:
        console.print(table)
    if (report := workspace_files.html_report(root)) is not None:
        console.print(f"Report: {report}", soft_wrap=True, highlight=False, markup=False)
    console.print(
        "Dashboards: `make ui` or `segmend ui` (MLflow: numbers and networks), `segmend ui --prefect` (runs and stages)",
        highlight=False,
        soft_wrap=True,
    )
