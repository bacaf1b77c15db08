"""The expected number of pixels that one answer fixes: used by `expected_gain` and the forecasts of a round.

If region s is answered with class c, its pixels become c: those whose truth is c are right then, those whose truth is their
label were right before. With P as the probability of the truth, the answer c is expected to fix

    sum over s of P_c(x) - P_n(x)(x),   n(x) the current label; an unlabelled pixel is not right before, a void one stays

and the class that people will name is taken to be the most probable one of the region, c*. Where they are asked whether the
label is right (kind correction), labels that are better than c* are confirmed: nothing is lost then. Where they are asked for the
dominant class they name one in any case, and it replaces labels that were better: the sum may be below 0. (Sieving is not
considered here.)

Networks are rarely calibrated, on noisy labels least of all, so sums over many regions are multiplied by what earlier forecasts
turned out to be worth. How many pixels became right is not known without truth: the pixels that a correction changed are
counted instead. For dominant answers that would count right pixels painted over as fixed, so their forecast is the network's alone.
"""

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Float64, UInt8

from segmend.answers.answers import QueryKind
from segmend.images.region_table import RegionTable, Scene

MOST = 10.0  # experience is at most this: of forecasts near 0 (the network repeats the labels) the ratio says nothing
FEW = 5.0  # questions that stand beside PRIOR pixels before any answer, where two kinds of questions are compared
PRIOR = 100.0  # pixels added to both sides of the ratio, so that a single answer moves it little


def moved(scene: Scene) -> Float32[np.ndarray, "k columns"]:
    """What naming c* gains in each region, by the label that the pixels have now: (k, K + 1), the last column unlabelled."""
    return scene.moved


def total(scene: Scene) -> Float64[np.ndarray, " k"]:
    """What naming c* gains in each region, in pixels."""
    return moved(scene).sum(axis=1, dtype=np.float64)


def named(table: RegionTable) -> UInt8[np.ndarray, " n"]:
    """The class that an answer is expected to name, c*."""
    return table.means.argmax(axis=1).astype(np.uint8)


def gained(table: RegionTable, explore: float) -> Float64[np.ndarray, " n"]:
    """Expected gain in mIoU of each region, with `explore` times the network's doubt (columns moved and doubt)."""
    gain, chosen = table.columns["moved"], named(table)
    classes = table.means.shape[1]
    expected = table.area @ table.means.astype(np.float64)  # pixels of each class, (K,)
    worth = np.append(1 / np.maximum(expected, 1), 0) / classes  # no class loses an unlabelled pixel
    total_gain = gain @ worth + gain.sum(axis=1, dtype=np.float64) * worth[chosen]
    return np.maximum(total_gain, 0) + explore * table.columns["doubt"] * 2 * worth[chosen]


def repeated(rows: pa.Table) -> float:
    """What asking where the network repeats the label is worth beside asking about conflicts: the mean number of pixels that an
    answer changed there, over that number plus the one at conflicts, in the newest round; 2/3 before any answer: the look-ahead finds
    conflicts as well."""
    told = [
        row
        for row in rows.select(["round", "kind", "shown", "predicted", "changed", "chance"]).to_pylist()
        if row["kind"] in ("confirm", "class") and row["predicted"] is not None and row["chance"] is None
    ]
    newest = max((row["round"] for row in told), key=lambda name: int(name[1:]), default="")
    mean = []
    for conflict, prior in ((False, PRIOR), (True, PRIOR / 2)):
        changed = [
            row["changed"] for row in told if row["round"] == newest and (row["shown"] != row["predicted"]) == conflict
        ]
        mean.append((sum(changed) + prior) / (len(changed) + FEW))
    return mean[0] / (mean[0] + mean[1])


def pixels(table: RegionTable, kind: QueryKind) -> Float64[np.ndarray, " n"]:
    """Pixels fixed minus broken by one answer, by the network's probabilities, before the correction by experience."""
    gain = table.columns["gain"]
    return gain if kind == "dominant" else np.maximum(gain, 0)


def experience(rows: pa.Table, kind: QueryKind) -> float:
    """Pixels that answers really changed, over pixels that were forecast, in the newest round with forecasts, at most MOST;
    1 before that, and where changed pixels say nothing about fixed ones."""
    if kind != "correction":
        return 1.0
    forecast = [
        row for row in rows.select(["round", "kind", "expected", "changed"]).to_pylist() if row["expected"] is not None
    ]
    if not forecast:
        return 1.0
    newest = max((row["round"] for row in forecast), key=lambda name: int(name[1:]))
    answered = [row for row in forecast if row["round"] == newest and row["kind"] != "skip"]
    ratio = (sum(row["changed"] for row in answered) + PRIOR) / (sum(row["expected"] for row in answered) + PRIOR)
    return min(ratio, MOST)
