"""Confident learning: how many labels are wrong, by class, from predictions of a network that did not learn them.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068; for masks Lad & Mueller, arXiv 2307.05080.
Formula: t[j] = mean of p[j] over the pixels labelled j;
    C[i, j] = number of pixels labelled i whose most probable class among {k: p[k] >= t[k]} is j
    joint[i, j] = C[i, j] / sum_j C[i, j] * (share of label i);  a pixel is suspected where C counts it off the diagonal
Streamed in two passes (thresholds, then counts), so that memory holds one image. Pixels of void and unlabelled take no part.
Limits: the estimate is low rather than high, since wrong pixels lower the threshold of the class they are labelled with.
The predictions must come from outside: a network that has learned the labels finds them all right.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8

from segmend.images.rasters import LabelMap, is_class

Probabilities = Float32[np.ndarray, "k h w"]


class Thresholds:
    """First pass: the mean probability of each class over the pixels that are labelled so."""

    def __init__(self, classes: int):
        self.sums, self.counts = np.zeros(classes), np.zeros(classes, np.int64)

    def add(self, labels: LabelMap, probabilities: Probabilities) -> None:
        known = is_class(labels)
        names = labels[known].astype(np.int64)
        own = np.take_along_axis(probabilities[:, known], names[None], 0)[0]
        self.sums += np.bincount(names, own, minlength=len(self.sums))
        self.counts += np.bincount(names, minlength=len(self.sums))

    def found(self) -> Float64[np.ndarray, " k"]:
        """One threshold a class; above 1, where nothing reaches it, for classes that no pixel is labelled with."""
        return np.where(self.counts > 0, self.sums / np.maximum(1, self.counts), 2.0)


def confident(
    probabilities: Float32[np.ndarray, "k *shape"], thresholds: Float64[np.ndarray, " k"]
) -> Int64[np.ndarray, "*shape"]:
    """The most probable of the classes that reach their threshold; -1 where none does."""
    reached = probabilities >= thresholds.reshape(-1, *([1] * (probabilities.ndim - 1)))
    best = np.where(reached, probabilities, -1).argmax(0)
    return np.where(reached.any(0), best, -1)


def suspected(
    labels: LabelMap, probabilities: Probabilities, thresholds: Float64[np.ndarray, " k"]
) -> Bool[np.ndarray, "h w"]:
    """Labelled pixels of which the network is confident that they are of another class."""
    said = confident(probabilities, thresholds)
    return is_class(labels) & (said >= 0) & (said != labels)


class Joint:
    """Second pass: labels against what the network is confident of."""

    def __init__(self, thresholds: Float64[np.ndarray, " k"]):
        self.thresholds = thresholds
        classes = len(thresholds)
        self.counts = np.zeros((classes, classes), np.int64)  # given label, confident class
        self.labelled = np.zeros(classes, np.int64)

    def add(self, labels: LabelMap, probabilities: Probabilities) -> None:
        known = is_class(labels)
        names, classes = labels[known].astype(np.int64), len(self.thresholds)
        said = confident(probabilities[:, known], self.thresholds)
        self.labelled += np.bincount(names, minlength=classes)
        pairs = (names * classes + said)[said >= 0]
        self.counts += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)

    def found(self) -> Float[np.ndarray, "k k"]:
        """The joint distribution of given labels (rows) and true classes; sums to 1, to 0 where nothing is labelled."""
        rows = self.counts.sum(1, keepdims=True)
        shares = np.where(rows > 0, self.counts / np.maximum(1, rows), np.eye(len(self.labelled)))
        return shares * (self.labelled / max(1, self.labelled.sum()))[:, None]

    def rates(self) -> Float64[np.ndarray, " k"]:
        """Of the pixels labelled with each class, the share that is of another; NaN for classes without pixels."""
        joint = self.found()
        total = joint.sum(1)
        return np.where(total > 0, 1 - np.diag(joint) / np.where(total > 0, total, 1), np.nan)


def kinds(
    wrong: Bool[np.ndarray, "h w"], labels: LabelMap, reach: float
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Suspected pixels as those of mistakes at a border and those of whole objects.

    A connected piece belongs to the border where it has no pixel further than `reach` from a border of the labels.
    """
    from scipy import ndimage

    edge: UInt8[np.ndarray, "h w"] = np.zeros(labels.shape, np.uint8)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[1:] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    edge[:, 1:] |= labels[:, :-1] != labels[:, 1:]
    if not edge.any():
        return np.zeros_like(wrong), wrong
    distance = ndimage.distance_transform_edt(edge == 0)
    pieces, count = ndimage.label(wrong)
    deepest = ndimage.maximum(distance, pieces, np.arange(count + 1)) if count else np.zeros(1)
    border = wrong & (np.asarray(deepest)[pieces] <= reach)
    return border, wrong & ~border
