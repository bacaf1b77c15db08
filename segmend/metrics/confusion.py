"""Streaming confusion matrix; every score of the pipeline is computed from it.

Rows are the truth, columns the prediction (of a network, or a label map that is scored), and two more columns count
what has no class: unlabelled, void. Pixels without truth (void or unlabelled in the truth) are left out and nothing
else is: an id that is not declared raises, because dropping it would make a wrong label map look like a high score.

Absent classes: a class with neither true nor predicted pixels has no IoU. It is NaN and left out of the mean, not 0 and
not 1; where no class is left, the mean is NaN. A class that is predicted and never true has IoU 0, and counts.

Two readings of pixels that have truth and were given no class:
    iou, miou, pixel_accuracy, wrong              over the pixels that were given a class; read `coverage` beside
    iou_unlabelled_wrong, miou_unlabelled_wrong   over all pixels with truth; no class is a wrong class
For a network, which gives every pixel a class, the two are equal.
"""

from collections.abc import Sequence
from re import sub

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from segmend.images.rasters import UNLABELLED, VOID

Numbers = np.ndarray | np.number | int | float


class Confusion:
    """Counts of pixels, (K, K + 2): truth by predicted class, then unlabelled (column K), void (column K + 1)."""

    def __init__(self, classes: int, matrix: Int64[np.ndarray, "k columns"] | None = None):
        shape = (classes, classes + 2)
        self.classes, self.matrix = classes, np.zeros(shape, np.int64) if matrix is None else matrix
        if self.matrix.shape != shape:
            raise ValueError(f"a confusion matrix of {classes} classes has shape {shape}, not {self.matrix.shape}")

    def update(self, truth: UInt8[np.ndarray, "*shape"], prediction: UInt8[np.ndarray, "*same"]) -> None:
        """Count one image, or equal pieces of two label maps. ValueError on undeclared ids or unequal shapes."""
        if truth.shape != prediction.shape:
            raise ValueError(f"truth of shape {truth.shape}, prediction of shape {prediction.shape}: must be equal")
        pairs = (truth.astype(np.uint16) << 8 | prediction).ravel()
        table = np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
        for name, counts in (("truth", table.sum(1)), ("prediction", table.sum(0))):
            undeclared = np.flatnonzero(counts[self.classes : UNLABELLED]) + self.classes
            if len(undeclared):
                raise ValueError(
                    f"{name} holds {counts[undeclared[0]]} pixels of id {undeclared[0]}, which is not declared: allowed "
                    f"are 0 to {self.classes - 1}, {UNLABELLED} (unlabelled) and {VOID} (void); declare it in ingest"
                )
        self.matrix[:, : self.classes] += table[: self.classes, : self.classes]
        self.matrix[:, self.classes :] += table[: self.classes, UNLABELLED:]

    def __add__(self, other: "Confusion") -> "Confusion":
        """The counts of both, as if they had been made in one pass."""
        if self.classes != other.classes:
            raise ValueError(f"matrices of {self.classes} and {other.classes} classes cannot be added")
        return Confusion(self.classes, self.matrix + other.matrix)

    @property
    def square(self) -> Int64[np.ndarray, "k k"]:
        """The pixels that were given a class."""
        return self.matrix[:, : self.classes]

    @property
    def pixels(self) -> int:
        """Pixels with truth."""
        return int(self.matrix.sum())

    @property
    def labelled(self) -> int:
        """Pixels with truth that were given a class."""
        return int(self.square.sum())

    @property
    def wrong(self) -> int:
        """Pixels given a class that is not the true one."""
        return self.labelled - int(self.square.trace())

    def iou(self) -> Float64[np.ndarray, " k"]:
        """Intersection over union per class over the pixels given a class; NaN for absent classes."""
        hits = self.square.diagonal()
        return ratio(hits, self.square.sum(0) + self.square.sum(1) - hits)

    def iou_unlabelled_wrong(self) -> Float64[np.ndarray, " k"]:
        """Intersection over union per class over all pixels with truth; NaN for absent classes."""
        hits = self.square.diagonal()
        return ratio(hits, self.square.sum(0) + self.matrix.sum(1) - hits)

    def miou(self) -> float:
        """Mean of `iou` over the classes that are present; NaN where none is."""
        return mean(self.iou())

    def miou_unlabelled_wrong(self) -> float:
        """Mean of `iou_unlabelled_wrong` over the classes that are present; NaN where none is."""
        return mean(self.iou_unlabelled_wrong())

    def pixel_accuracy(self) -> float:
        """Share of right pixels among those given a class; NaN where there are none."""
        return float(ratio(self.labelled - self.wrong, self.labelled))

    def coverage(self) -> float:
        """Share of the pixels with truth that were given a class; NaN where there are none."""
        return float(ratio(self.labelled, self.pixels))


def metric_name(name: str) -> str:
    """The name of a class as a part of a metric's name: letters, digits, spaces and `_ . -`; any other character becomes `_`.

    Tracking servers allow `/` and `:` besides, which separate.
    """
    return sub(r"[^\w. -]", "_", name)


def metric_names(classes: Sequence[str]) -> list[str]:
    """`metric_name` of all classes; where two become equal, each begins with its class id."""
    names = [metric_name(name) for name in classes]
    return names if len(set(names)) == len(names) else [f"{k:03d} {name}" for k, name in enumerate(names)]


def ratio(part: Numbers, whole: Numbers) -> np.ndarray:
    """part / whole, NaN where the whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def mean(values: Float64[np.ndarray, " k"]) -> float:
    """The mean of the numbers among the values; NaN where there are none (and no warning)."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if len(present) else float("nan")
