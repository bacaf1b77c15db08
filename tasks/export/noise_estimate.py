"""How many labels were wrong before each round, as its answers say.

Formula: of the answers that decided something (no skip, nothing taken back), an answer found a mistake where pixels changed.
    wrong pixels = sum of changed / chance over sum of pixels / chance, over the questions that chance drew (Hajek's ratio; `chance` is the
    probability with which each was drawn, query.random)
Limits: questions that an acquisition chose lie where mistakes are expected, so their share of mistakes is above that of all labels.
    Nobody asked: nothing is known.
"""

from typing import Any, NamedTuple

import pyarrow as pa

from segmend.answers.history import AUTO

UNDECIDED = (AUTO, "skip", "revert")


class RoundEstimate(NamedTuple):
    """What the answers of a round said of the labels before it."""

    round: str
    answered: int
    wrong: int
    at_random: int  # how many of the answered questions chance drew
    wrong_pixel_share: float | None  # of all labelled regions, from those; None where there is none


def by_round(history: pa.Table) -> list[RoundEstimate]:
    """An estimate for each round with answers, in order of the history."""
    rounds: dict[str, list[dict[str, Any]]] = {}
    for row in history.to_pylist():
        if row["kind"] not in UNDECIDED:
            rounds.setdefault(row["round"], []).append(row)
    return [estimate(name, rows) for name, rows in rounds.items()]


def estimate(name: str, rows: list[dict[str, Any]]) -> RoundEstimate:
    drawn = [row for row in rows if row["chance"]]
    pixels = sum(row["pixels"] / row["chance"] for row in drawn)
    changed = sum(row["changed"] / row["chance"] for row in drawn)
    share = float(f"{changed / pixels:.6f}") if pixels else None
    return RoundEstimate(name, len(rows), sum(row["changed"] > 0 for row in rows), len(drawn), share)
