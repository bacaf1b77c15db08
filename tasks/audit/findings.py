"""One image's label errors: pixels where the probabilities speak against the label, joined to connected components.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068; image scores as in Lad & Mueller, arXiv 2307.05080.
Formula, with t[j] the mean of p[j] over the pixels labelled j (segmend/metrics/confident_learning.py):
    proposed(x) = argmax of p[j] / t[j] over j;  a pixel is suspected where proposed is not its label and p[proposed] >= t[proposed]
    quality(x) = p[label], 0..1
    soft-min of qualities q at temperature T:  sum q exp((1 - q) / T) / sum exp((1 - q) / T)
        T -> 0: the lowest q; T -> infinity: their mean
    gain of a component = sum over its pixels of p[proposed] - p[label]: the pixels that its correction is expected to put right
A finding is a 8-connected component of suspected pixels of one label and one proposed class.
Border band: a component that lies within `band` pixels of a border between labels, and does not hold most of a labelled piece, is
borderline: where exactly a border lies is a matter of the annotator's hand. A whole piece with a wrong class is none, however thin.
Severity: borderline; major where the mean of p[proposed] - p[label] is at least SURE and the area at least LARGE of the image; minor.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64
from scipy import ndimage

from segmend.images.rasters import LabelMap, is_class

SURE = 0.5  # mean lead of the proposed class from which a finding may be major
LARGE = 0.0005  # share of the image's pixels from which it may be
BAND = 2  # pixels
TEMPERATURE = 0.1
Severity = Literal["major", "minor", "borderline"]
SEVERITIES: tuple[Severity, ...] = ("major", "minor", "borderline")
Probabilities = Float32[np.ndarray, "k h w"]


class Component(NamedTuple):
    """A finding in one image. `pixels` are ascending flat indices."""

    label: int
    proposed: int
    pixels: np.ndarray
    gain: float  # expected pixels put right
    lead: float  # mean of p[proposed] - p[label]
    quality: float  # soft-min of the pixels' qualities
    severity: Severity


class Looked(NamedTuple):
    """What an image's probabilities say of its labels."""

    quality: float  # soft-min over the labelled pixels outside the border band; over all where the band is everything
    components: list[Component]
    wrong: float  # gain of all findings but borderline ones


def soft_min(quality: Float32[np.ndarray, " n"], temperature: float) -> float:
    """The soft-min at this temperature; 1 where there is nothing."""
    if not quality.size:
        return 1.0
    least = float(quality.min())
    weights = np.exp((least - quality) / temperature, dtype=np.float32)
    return float((weights * quality).sum(dtype=np.float64) / weights.sum(dtype=np.float64))


def own_probability(labels: LabelMap, probabilities: Probabilities) -> Float32[np.ndarray, "h w"]:
    """p[label]; of pixels without a class, the probability of class 0, which means nothing."""
    index = np.where(is_class(labels), labels, np.uint8(0))[None]
    return np.take_along_axis(probabilities, index, 0)[0]


def proposed_class(
    probabilities: Probabilities, thresholds: Float64[np.ndarray, " k"]
) -> tuple[np.ndarray, Float32[np.ndarray, "h w"]]:
    """The class that leads most over its threshold, uint8 (h, w), and its p / t."""
    scaled = probabilities * (1 / thresholds).astype(np.float32)[:, None, None]
    best = scaled[0].copy()
    winner = np.zeros(best.shape, np.uint8)
    for k in range(1, len(scaled)):
        better = scaled[k] > best
        np.maximum(best, scaled[k], out=best)
        winner[better] = k
    return winner, best


def edges(labels: LabelMap) -> Bool[np.ndarray, "h w"]:
    """Pixels with another label beside them."""
    edge = np.zeros(labels.shape, bool)
    down, right = labels[:-1] != labels[1:], labels[:, :-1] != labels[:, 1:]
    edge[:-1] |= down
    edge[1:] |= down
    edge[:, :-1] |= right
    edge[:, 1:] |= right
    return edge


def border_band(labels: LabelMap, band: int) -> Bool[np.ndarray, "h w"]:
    """Pixels within `band` pixels of a border between labels; band 1 are the pixels that touch it, 0 is none."""
    if band < 1:
        return np.zeros(labels.shape, bool)
    edge = edges(labels)
    if band == 1:
        return edge
    return ndimage.maximum_filter(edge, size=2 * band - 1)
