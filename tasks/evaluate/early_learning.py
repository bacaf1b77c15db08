"""What a network predicts, epoch by epoch, for training pixels whose given label is wrong: turned right, memorised, or other.

Early learning: it first turns many of them right, and later predicts the wrong labels (Liu et al., Early-Learning
Regularization, NeurIPS 2020, arXiv 2007.00151). Written by true class and over all (class '', the first rows of an epoch).
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import LabelMap, Maps, is_class
from segmend.metrics.confusion import metric_names
from segmend.stage import events
from tasks.evaluate.tables import Table, number, write_csv

KINDS = ("right", "memorised", "other")
COLUMNS = ("epoch", "class", "wrong_pixels", *KINDS)


def counts(predicted: LabelMap, given: LabelMap, truth: LabelMap, classes: int) -> Int64[np.ndarray, "k 3"]:
    """Pixels by true class and kind, among those that have a given class and another true one."""
    wrong = is_class(given) & is_class(truth) & (given != truth)
    predicted, given, truth = predicted[wrong], given[wrong], truth[wrong]
    kinds = np.where(predicted == truth, 0, np.where(predicted == given, 1, 2))
    return np.bincount(truth * np.int64(3) + kinds, minlength=3 * classes).reshape(classes, 3)


def early_learning(data: Dataset, labels: Labels, folder: Path) -> Table:
    """One row an epoch over all classes, and one for each class with wrong pixels; none where truth or wrong pixels are missing."""
    if not folder.is_dir():
        return []
    maps, table = Maps(folder), defaultdict[int, np.ndarray](lambda: np.zeros((len(data.classes), 3), np.int64))
    known = {name: pair for name in {name.partition("/")[2] for name in maps} if (pair := pair_of(data, labels, name))}
    for name in maps:
        epoch, _, image = name.partition("/")
        if image in known:
            table[int(epoch)] += counts(maps[name], *known[image], len(data.classes))
    return [row for epoch in sorted(table) for row in rows_of(epoch, table[epoch], data.classes)]


def pair_of(data: Dataset, labels: Labels, image: str) -> tuple[LabelMap, LabelMap] | None:
    truth = data.truth(image)
    return None if truth is None else (labels[image], truth)


def rows_of(epoch: int, table: Int64[np.ndarray, "k 3"], classes: tuple[str, ...]) -> Table:
    counted = [("", table.sum(0)), *zip(classes, table, strict=True)]
    return [
        {"epoch": epoch, "class": name, "wrong_pixels": int(kinds.sum())}
        | {kind: number(kinds[k] / kinds.sum()) for k, kind in enumerate(KINDS)}
        for name, kinds in counted
        if kinds.sum()
    ]


def write_early(out: Path, rows: Table, classes: tuple[str, ...], watched: bool) -> dict[str, Any]:
    """The table, a series for the dashboard, and the numbers of the round; a printed line if `watched` in vain."""
    if not rows:
        if watched:
            print("early learning: no watched train image has truth and wrong labels", flush=True)
        return {}
    write_csv(out / "early_learning.csv", rows, COLUMNS)
    names = {"": "all", **dict(zip(classes, metric_names(classes), strict=True))}
    for epoch in {row["epoch"]: None for row in rows}:
        of_epoch = [row for row in rows if row["epoch"] == epoch]
        series = {f"early/{kind}/{names[row['class']]}": row[kind] for row in of_epoch for kind in KINDS}
        events.metrics(series, step=epoch)
    events.artifact(out / "early_learning.csv", "tables")
    over_all = [row for row in rows if not row["class"]]
    best, last = max(over_all, key=lambda row: (row["right"], -row["epoch"])), over_all[-1]
    return {
        "early_wrong_pixels": last["wrong_pixels"],
        "early_right_most": best["right"],
        "early_right_most_epoch": best["epoch"],
        "early_right_last": last["right"],
        "early_memorised_last": last["memorised"],
    }
