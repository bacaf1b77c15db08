"""What each round's questions were expected to fix and what their answers did: the ground for stopping, or for going on.

queries/<round>/forecast.json     one forecast, by the stage query
labels/<round>/forecasts.json     those of all rounds so far with what came of them, by the stage correct
"""

from json import dumps, loads
from pathlib import Path

from tasks.params import Settings


class Forecast(Settings):
    """One round."""

    round: str
    questions: int
    expected: float  # pixels that the answers were expected to fix, corrected by the experience of the rounds before
    answered: int | None = None
    clicks: float | None = None
    changed: int | None = None  # pixels that the answers gave another label
    fixed: int | None = None  # fixed minus broken pixels; None where the truth is not known


def read(path: Path) -> list[Forecast]:
    """The forecasts of a file; none where there is no file (first labels, queries written by other means)."""
    return [Forecast(**row) for row in loads(path.read_text())] if path.is_file() else []


def write(path: Path, forecasts: list[Forecast]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps([one.model_dump() for one in forecasts], indent=2) + "\n")
