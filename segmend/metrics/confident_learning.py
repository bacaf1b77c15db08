"""Confident learning: how many labels are wrong, by class, from predictions of a network that did not learn them.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068; for masks Lad & Mueller, arXiv 2307.05080.
Formula: t[j] = mean of p[j] over the pixels labelled j;
    C[i, j] = number of pixels labelled i whose most probable class among {k: p[k] >= t[k]} is j
    joint[i, j] = C[i, j] / sum_j C[i, j] * (share of label i);  a pixel is suspected where C counts it off the diagonal
The functions are those of the paper, for tensors on any device. `Thresholds` and `Joint` apply them to images one by one, in two
passes, so that memory holds one image; training (tasks/train) applies them to its batches. Pixels of void and unlabelled take
no part.
Limits: the estimate is low rather than high, since wrong pixels lower the threshold of the class they are labelled with.
The predictions must be out-of-sample: a network that has memorised the labels agrees with all of them.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int64, UInt8
from torch import Tensor

from segmend.images.rasters import LabelMap, is_class
from segmend.metrics.confusion import ratio

Probabilities = Float32[np.ndarray, "k h w"]


def self_confidence_sums(
    labels: Int64[Tensor, " n"], own: Float[Tensor, " n"], classes: int
) -> Float[Tensor, " {classes}"]:
    """Sums over the pixels of each label of `own`, their probability of that label."""
    return own.new_zeros(classes).index_add(0, labels, own)


def mean_thresholds(
    sums: Float[Tensor, " k"], pixels: Float[Tensor, " k"] | Int64[Tensor, " k"], without: float | Float[Tensor, " k"]
) -> Float[Tensor, " k"]:
    """t[j]: the mean self-confidence; `without` for classes without pixels."""
    return torch.where(pixels > 0, sums / pixels.clamp_min(1), without)


def confident_class(
    probabilities: Float[Tensor, "..."], thresholds: Float[Tensor, "..."], dim: int
) -> Int64[Tensor, "..."]:
    """The most probable of the classes (axis `dim`) that reach their threshold; -1 where none does."""
    best, winner = torch.where(probabilities >= thresholds, probabilities, -1).max(dim)
    return torch.where(best >= 0, winner, -1)


def count_pairs(labels: Int64[Tensor, "*shape"], others: Int64[Tensor, "*shape"], classes: int) -> Int64[Tensor, "k k"]:
    """How many pixels have each pair of label (row) and other class (column); -1 is no class, and left out."""
    pairs = (labels * classes + others)[others >= 0]
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def calibrated(
    counts: Int64[Tensor, "k k"], labelled: Float[Tensor, " k"], keep_uncounted: bool = True
) -> Float[Tensor, "k k"]:
    """C with rows scaled to sum to `labelled` (numbers or shares of each label).

    A label none of whose pixels was confident counts as right; without `keep_uncounted` its row is 0.
    """
    counts = counts.to(labelled.dtype)
    rows = counts.sum(1, keepdim=True)
    shares = counts / rows.clamp_min(1)
    if keep_uncounted:
        shares = torch.where(rows > 0, shares, torch.eye(len(counts), dtype=counts.dtype, device=counts.device))
    return shares * labelled[:, None]


def wrong_rates(joint: Float64[np.ndarray, "k k"], axis: int) -> Float64[np.ndarray, " k"]:
    """Share of wrong labels among the pixels given each class (axis 1) or seemingly of it (axis 0); NaN for classes without."""
    return 1 - ratio(joint.diagonal(), joint.sum(axis))


def pixels_by_class(labels: LabelMap, classes: int) -> Int64[np.ndarray, " {classes}"]:
    """How many pixels have each class; void and unlabelled ones are not counted."""
    return np.array([np.count_nonzero(labels == k) for k in range(classes)], np.int64)  # bincount takes 64 bits a pixel


def own_probability(
    labels: LabelMap, probabilities: Probabilities, pixels: Int64[np.ndarray, " k"]
) -> Float32[np.ndarray, "h w"]:
    """p[label]; 0 at pixels without a class. `pixels` are those of each class: absent ones are skipped."""
    import cv2

    own = np.zeros(labels.shape, np.float32)
    for k in np.flatnonzero(pixels).tolist():  # several times faster than take_along_axis
        cv2.copyTo(probabilities[k], (labels == k).view(np.uint8), own)
    return own


class Thresholds:
    """First pass over images: the mean probability of each class over the pixels that are labelled so."""

    def __init__(self, classes: int):
        self.classes = classes
        self.sums, self.pixels = np.zeros(classes, np.float64), np.zeros(classes, np.int64)

    def add(self, labels: LabelMap, probabilities: Probabilities) -> None:
        import cv2

        pixels = pixels_by_class(labels, self.classes)
        for k in np.flatnonzero(pixels).tolist():  # with double precision inside; faster than bincount with weights
            self.sums[k] += cv2.mean(probabilities[k], (labels == k).view(np.uint8))[0] * pixels[k]
        self.pixels += pixels

    def compute(self) -> Float64[np.ndarray, " k"]:
        """One threshold a class; above 1, which no probability reaches, for classes that no pixel is labelled with."""
        return mean_thresholds(torch.from_numpy(self.sums), torch.from_numpy(self.pixels), 2.0).numpy()


def known_pixels(labels: LabelMap, probabilities: Probabilities) -> tuple[Int64[Tensor, " n"], Float[Tensor, "k n"]]:
    """Labels and probabilities of the labelled pixels."""
    known = is_class(labels)
    return torch.from_numpy(labels[known].astype(np.int64)), torch.from_numpy(probabilities[:, known])


def suspected(
    labels: LabelMap, probabilities: Probabilities, thresholds: Float64[np.ndarray, " k"]
) -> Bool[np.ndarray, "h w"]:
    """Labelled pixels of which the network is confident that they are of another class."""
    limits = torch.from_numpy(thresholds)[:, None, None]
    confident = confident_class(torch.from_numpy(probabilities), limits, 0).numpy()
    return is_class(labels) & (confident >= 0) & (confident != labels)


class Joint:
    """Second pass over images: counts of labels against confident classes."""

    def __init__(self, thresholds: Float64[np.ndarray, " k"]):
        self.thresholds = thresholds
        classes = len(thresholds)
        self.counts = torch.zeros(classes, classes, dtype=torch.int64)  # given label, confident class
        self.labelled = torch.zeros(classes, dtype=torch.int64)

    def add(self, labels: LabelMap, probabilities: Probabilities) -> None:
        (given, p), classes = known_pixels(labels, probabilities), len(self.thresholds)
        self.labelled += torch.bincount(given, minlength=classes)
        self.counts += count_pairs(given, confident_class(p, torch.from_numpy(self.thresholds)[:, None], 0), classes)

    def count(self, labelled: Int64[np.ndarray, " k"], pairs: Int64[np.ndarray, "k k"]) -> None:
        """`add`, where the pixels of each label, and those by label (row) and confident class, are counted already."""
        self.labelled += torch.from_numpy(labelled)
        self.counts += torch.from_numpy(pairs)

    def compute(self) -> Float64[np.ndarray, "k k"]:
        """The joint distribution of given labels (rows) and true classes; sums to 1, to 0 where nothing is labelled."""
        return calibrated(self.counts, self.labelled.double() / self.labelled.sum().clamp_min(1)).numpy()

    def rates(self) -> Float64[np.ndarray, " k"]:
        """Of the pixels labelled with each class, the share that is of another; NaN for classes without pixels."""
        return wrong_rates(self.compute(), 1)


def border_and_objects(
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
