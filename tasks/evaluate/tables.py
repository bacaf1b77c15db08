"""The tables of one round, and of the rounds so far: numbers to JSON and CSV. No number is null, an empty cell in CSV."""

from collections.abc import Iterable, Sequence
from csv import DictReader, DictWriter
from json import dumps, loads
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

Table = list[dict[str, Any]]

# The columns of rounds.csv: the numbers of rounds.json, without the reasons.
PLOTTED = (
    "round", "clicks", "queries", "seconds", "auto_pixels", "ceiling_miou", "data_miou", "coverage",
    "data_miou_unlabelled_wrong", "wrong_pixels", "wrong_share", "labelled_share", "model_miou", "model_pixel_accuracy",
    "model_boundary_miou", "calibration_error",
)  # fmt: skip


def number(value: float) -> float | None:
    """Six digits after the point; None for NaN (JSON has no NaN)."""
    return None if isnan(value) else round(float(value), 6)


def read_rounds(before: Path) -> Table:
    """The rows of the rounds before this one."""
    path = before / "rounds.json"
    if not path.is_file():
        raise ValueError(f"{path} is missing: evaluate the round before first, or put [] there for a start")
    return loads(path.read_text())


def write_json(path: Path, content: Any) -> None:
    path.write_text(dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_csv(path: Path) -> Table:
    """The rows as strings; none where there is no file (before the first round)."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(DictReader(file))


def write_csv(path: Path, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def confusion_rows(matrix: np.ndarray, classes: Sequence[str], each: int = 100) -> Table:
    """Rows (actual, predicted) for the confusion template of `dvc plots`, which counts rows: `each` rows a true class.

    A row stands for 1/`each` of the class's true pixels (rounded by largest remainder), so the file stays small
    and every class weighs alike. Classes without true pixels have no rows.
    """
    rows = []
    for actual, counts in zip(classes, matrix, strict=True):
        if counts.sum() == 0:
            continue
        exact = each * counts / counts.sum()
        given = np.floor(exact).astype(int)
        largest = np.argsort(given - exact, kind="stable")[: each - given.sum()]
        given[largest] += 1
        for predicted, times in zip(classes, given, strict=True):
            rows += [{"actual": actual, "predicted": predicted}] * int(times)
    return rows
