"""How many pixels each round's questions were expected to fix, and how many their answers did.

queries/<round>/forecast.json     one forecast, by the stage query
labels/<round>/forecasts.json     those of all rounds so far with their outcome, by the stage correct

A forecast is of the labels that the questions show, those of the round before, in which some may be automatic. The outcome
is counted against the same labels, inside the regions of the round's own questions that were answered: an automatic mistake that
an answer undoes is fixed, and a right automatic label that is confirmed is not. (The metrics pixels_* of the stage correct
count something else: what all answers change in the labels that the earlier answers alone give. Late answers and automatic labels
are distinguished there.)
"""

from json import dumps, loads
from pathlib import Path

from segmend.stage.params import Settings


class Forecast(Settings):
    """One round."""

    round: str
    questions: int
    # Pixels fixed minus broken that the answers should come to, corrected by `experience`; once there are answers, of the
    # answered questions alone.
    expected: float
    experience: float = (
        1.0  # what the forecasts of the round before were worth (tasks/query/acquisitions/_expected_fix.py)
    )
    answered: int | None = None
    clicks: float | None = None
    changed: int | None = None  # pixels of the answered questions that have another label than was shown
    fixed: int | None = None  # fixed minus broken pixels; None where the truth is not known


def read(path: Path) -> list[Forecast]:
    """The forecasts of a file; none where there is no file (first labels, queries written by other means)."""
    return [Forecast(**row) for row in loads(path.read_text())] if path.is_file() else []


def write(path: Path, forecasts: list[Forecast]) -> None:
    """Write forecasts as an indented JSON list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps([forecast.model_dump() for forecast in forecasts], indent=2) + "\n")
