"""What a benchmark leaves: rows that survive a stop, claims with target and spread, a table to read.

Rows are kept one per cell in results/NAME.jsonl, written as soon as a cell is done; a benchmark that is started again
goes on where it stopped. `--fresh` forgets them.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from json import dumps, loads
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"


class Claim(NamedTuple):
    """A sentence that a number proves or does not."""

    text: str
    target: str
    value: float
    seeds: int
    spread: float | None  # standard deviation over the seeds; None where there is one measurement
    holds: bool


def arguments(name: str, description: str | None, **options: dict[str, Any]) -> Namespace:
    parser = ArgumentParser(f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--fresh", action="store_true", help="forget the rows of earlier runs")
    for option, details in options.items():
        parser.add_argument(f"--{option}", **details)
    chosen = parser.parse_args()
    if chosen.fresh:
        (RESULTS / f"{name}.jsonl").unlink(missing_ok=True)
    return chosen


def kept(name: str) -> list[dict[str, Any]]:
    """All rows measured so far."""
    path = RESULTS / f"{name}.jsonl"
    return [loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def cells(name: str, wanted: Iterable[dict[str, Any]], measure: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """The row of every wanted cell: from the file where it was measured before, else measured now and kept."""
    path = RESULTS / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    known = kept(name)
    rows = []
    for cell in wanted:
        row = next((row for row in known if all(row.get(key) == value for key, value in cell.items())), None)
        if row is None:
            print("measuring", cell, flush=True)
            row = {**cell, **measure(**cell)}
            with path.open("a") as file:
                file.write(dumps(row) + "\n")
        rows.append(row)
    return rows


def spread(values: list[float]) -> float | None:
    """The sample standard deviation, None for a single value."""
    return stdev(values) if len(values) > 1 else None


def plus_minus(values: list[float], digits: int = 3) -> str:
    """`mean ± standard deviation` for a table."""
    wide = spread(values)
    return f"{mean(values):.{digits}f}" + (f" ± {wide:.{digits}f}" if wide is not None else "")


def write(name: str, claims: list[Claim], page: str) -> None:
    """results/NAME.json and results/NAME.md."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(dumps({"claims": [claim._asdict() for claim in claims]}, indent=2) + "\n")
    rows = "\n".join(
        f"| {c.text} | {c.target} | {c.value:.3f}{'' if c.spread is None else f' ± {c.spread:.3f}'} | {c.seeds} "
        f"| {'yes' if c.holds else '**no**'} |"
        for c in claims
    )
    table = f"| claim | target | value | seeds | holds |\n|---|---|---|---|---|\n{rows}\n"
    (RESULTS / f"{name}.md").write_text(f"{page.rstrip()}\n\n## Claims\n\n{table}")
    print(table)
