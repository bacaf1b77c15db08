"""How fast a row of benchmarks/acquisition.py closes the gap from the first labels to the ceiling of the base cells."""

from itertools import pairwise
from statistics import mean
from typing import Any

from benchmarks.claims import spread

Row = dict[str, Any]

ROUNDS, BUDGET = 4, "5%"
WHOLE = ROUNDS * float(BUDGET.rstrip("%")) / 100  # the whole budget, as a share of the base cells
BASELINES = ("random", "class_balanced")  # every curve is read beside these


def gap_closed(row: Row) -> list[tuple[float, float]]:
    """Clicks as a share of the base cells, and the share of the gap from first labels to ceiling that is closed, by round."""
    first, cells = row["rounds"][0], row["rounds"][1]["cells"]
    gap = first["ceiling_miou"] - first["data_miou"]
    return [(entry["clicks"] / cells, (entry["data_miou"] - first["data_miou"]) / gap) for entry in row["rounds"]]


def clicks_to(row: Row, share: float) -> float:
    """Clicks, as a share of the base cells, to close this share of the gap: straight lines between rounds; never: the whole budget."""
    for (x0, y0), (x1, y1) in pairwise(gap_closed(row)):
        if y1 >= share:
            return x0 + (x1 - x0) * max(0.0, share - y0) / (y1 - y0)
    return WHOLE


def whole_rounds_to(row: Row, share: float) -> float:
    """The same without straight lines: the budget of all rounds up to the one that gets there."""
    return next((WHOLE * k / ROUNDS for k, (_, y) in enumerate(gap_closed(row)) if y >= share), WHOLE)


def area(row: Row) -> float:
    """Mean share of the gap closed over the clicks spent (area under the curve, of 1 where all is closed at once)."""
    points = gap_closed(row)
    total = sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))
    return total / (points[-1][0] or 1)


def never(values: list[float]) -> str:
    """Clicks for a table."""
    shown = f"{mean(values):.1%}" + (f" ± {spread(values):.1%}" if len(values) > 1 else "")
    return "never" if min(values) >= WHOLE else shown


def ranked_arms(rows: list[Row], data: str) -> list[str]:
    """The arms of a data set, the largest area first."""
    arms = dict.fromkeys(row["arm"] for row in rows if row["data"] == data)
    return sorted(arms, key=lambda arm: -mean(area(row) for row in of(rows, data, arm)))


def of(rows: list[Row], data: str, arm: str) -> list[Row]:
    """The rows of an arm on a data set, one a seed."""
    return [row for row in rows if (row["data"], row["arm"]) == (data, arm)]
