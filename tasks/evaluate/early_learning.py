"""What a network said, epoch by epoch, of training pixels whose given label is wrong: turned right, memorised, or other.

Early learning: it first turns many of them right, and later says what the wrong labels say (Liu et al., Early-Learning
Regularization, NeurIPS 2020, arXiv 2007.00151). Written by true class and over all (class '', the first rows of an epoch).
"""

from collections import defaultdict
from pathlib import Path
from re import sub
from typing import Any

import numpy as np
from jaxtyping import Int64

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import LabelMap, Maps, is_class
from segmend.stage import events
from tasks.evaluate.tables import Table, number, write_csv

KINDS = ("right", "memorised", "other")
COLUMNS = ("epoch", "class", "wrong_pixels", *KINDS)


def counts(said: LabelMap, given: LabelMap, truth: LabelMap, classes: int) -> Int64[np.ndarray, "k 3"]:
    """Pixels by true class and kind, among those that have a given class and another true one."""
    wrong = is_class(given) & is_class(truth) & (given != truth)
    said, given, truth = said[wrong], given[wrong], truth[wrong]
    kinds = np.where(said == truth, 0, np.where(said == given, 1, 2))
    return np.bincount(truth * np.int64(3) + kinds, minlength=3 * classes).reshape(classes, 3)


def early_learning(data: Dataset, labels: Labels, folder: Path) -> Table:
    """One row an epoch over all classes, and one for each class with wrong pixels; none where truth or wrong pixels are missing."""
    if not folder.is_dir():
        return []
    maps, found = Maps(folder), defaultdict[int, np.ndarray](lambda: np.zeros((len(data.classes), 3), np.int64))
    known = {name: pair for name in {name.partition("/")[2] for name in maps} if (pair := pair_of(data, labels, name))}
    for name in maps:
        epoch, _, image = name.partition("/")
        if image in known:
            found[int(epoch)] += counts(maps[name], *known[image], len(data.classes))
    return [row for epoch in sorted(found) for row in rows_of(epoch, found[epoch], data.classes)]


def pair_of(data: Dataset, labels: Labels, image: str) -> tuple[LabelMap, LabelMap] | None:
    truth = data.truth(image)
    return None if truth is None else (labels[image], truth)


def rows_of(epoch: int, table: Int64[np.ndarray, "k 3"], classes: tuple[str, ...]) -> Table:
    every = [("", table.sum(0)), *zip(classes, table, strict=True)]
    return [
        {"epoch": epoch, "class": name, "wrong_pixels": int(kinds.sum())}
        | {kind: number(kinds[k] / kinds.sum()) for k, kind in enumerate(KINDS)}
        for name, kinds in every
        if kinds.sum()
    ]


def write_early(out: Path, rows: Table, looked: bool) -> dict[str, Any]:
    """The table, a series for the dashboard, and the numbers of the round; one line where there is nothing to tell."""
    if not rows:
        if looked:
            print("early learning: no watched train image has truth and wrong labels", flush=True)
        return {}
    write_csv(out / "early_learning.csv", rows, COLUMNS)
    for epoch in {row["epoch"]: None for row in rows}:
        some = [row for row in rows if row["epoch"] == epoch]
        events.metrics({f"early/{kind}/{named(row['class'])}": row[kind] for row in some for kind in KINDS}, step=epoch)
    events.artifact(out / "early_learning.csv", "tables")
    every = [row for row in rows if not row["class"]]
    best, last = max(every, key=lambda row: (row["right"], -row["epoch"])), every[-1]
    return {
        "early_wrong_pixels": last["wrong_pixels"],
        "early_right_most": best["right"],
        "early_right_most_epoch": best["epoch"],
        "early_right_last": last["right"],
        "early_memorised_last": last["memorised"],
    }


def named(name: str) -> str:
    """A class's name with the few signs that a dashboard's names hold."""
    return sub(r"[^A-Za-z0-9_. -]", "_", name) or "all"
