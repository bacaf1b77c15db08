"""One image's label errors: pixels where the probabilities speak against the label, joined to connected components.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068; image scores as in Lad & Mueller, arXiv 2307.05080.
Formula, with t[j] the mean of p[j] over the pixels labelled j (segmend/metrics/confident_learning.py):
    proposed(x) = argmax of p[j] over the classes with p[j] >= t[j];  a pixel is suspected where that is not its label
    r = the square root of the mean over the image of the largest probability: how sure the network is of this image
    quality(x) = 1 - r (1 - p[label]), 0..1
    lead(x) = p[proposed] - p[label];  gain of a component = sum of r lead(x): pixels that its correction is expected to put right
    soft-min of qualities q at temperature T:  sum q exp((1 - q) / T) / sum exp((1 - q) / T)
        T -> 0: the lowest q; T -> infinity: their mean
A finding is an 8-connected component of suspected pixels of one label and one proposed class.
Border band: a component that lies within `band` pixels of a border between labels, and does not hold most of a labelled piece, is
borderline: where exactly a border lies is a matter of the annotator's hand. A whole piece with a wrong class is none, however thin.
Severity: borderline; major where the mean lead is at least SURE and the area at least LARGE of the image; else minor.
Differs from the papers: r, which they do not have. Without it, images of a kind that the network fails on come first. How often the
network contradicts the labels of an image would say more where mistakes are spread evenly, and says the wrong thing where some images
have many more than others (benchmarks/results/audit.md).
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from segmend.images.rasters import VOID, LabelMap, is_class

SURE = 0.5  # mean lead of the proposed class from which a finding may be major
LARGE = 0.0005  # share of the image's pixels from which it may be
BAND = 2  # pixels
TEMPERATURE = 0.1
Severity = Literal["major", "minor"]  # borderline ones are counted, not listed
Probabilities = Float32[np.ndarray, "k h w"]


class Component(NamedTuple):
    """A finding in one image. `pixels` are ascending flat indices."""

    label: int
    proposed: int
    pixels: np.ndarray
    gain: float  # pixels that its correction is expected to put right
    lead: float  # mean of p[proposed] - p[label]
    score: float  # lead times the image's reliability: by this, findings of equal severity are ranked
    quality: float  # soft-min of the pixels' qualities
    severity: Severity


class Border(NamedTuple):
    """Borderline components of an image, which are counted alone."""

    components: int
    pixels: int


class Looked(NamedTuple):
    """What an image's probabilities say of its labels."""

    quality: float  # soft-min over the labelled pixels outside the border band; over all where the band is everything
    reliability: float  # r, how sure the network is of the image
    components: list[Component]  # major and minor ones, in order of their first pixel
    wrong: float  # their gain
    border: Border
    confident: Int64[np.ndarray, "k k"]  # pixels by label (row) and confident class


def soft_min(quality: Float32[np.ndarray, " n"], temperature: float) -> float:
    """The soft-min at this temperature; 1 where there is nothing."""
    if not quality.size:
        return 1.0
    least = float(quality.min())
    weights = np.exp((least - quality) / temperature, dtype=np.float32)
    return float((weights * quality).sum(dtype=np.float64) / weights.sum(dtype=np.float64))


def soft_minima(
    quality: Float32[np.ndarray, " n"],
    starts: Int64[np.ndarray, " c"],
    sizes: Int64[np.ndarray, " c"],
    temperature: float,
) -> Float64[np.ndarray, " c"]:
    """The soft-min of each of the parts that begin at `starts`."""
    least = np.repeat(np.minimum.reduceat(quality, starts), sizes)
    weights = np.exp((least - quality) / np.float32(temperature))
    return np.add.reduceat(weights * quality, starts, dtype=np.float64) / np.add.reduceat(
        weights, starts, dtype=np.float64
    )


def own_probability(labels: LabelMap, probabilities: Probabilities) -> Float32[np.ndarray, "h w"]:
    """p[label]; of pixels without a class, the probability of class 0, which means nothing."""
    index = np.where(is_class(labels), labels, np.uint8(0))[None]
    return np.take_along_axis(probabilities, index, 0)[0]


def confident_class(
    probabilities: Probabilities, thresholds: Float64[np.ndarray, " k"]
) -> tuple[np.ndarray, Float32[np.ndarray, "h w"]]:
    """The most probable of the classes that reach their threshold, uint8 (h, w), VOID where none does; and its probability.

    As `confident_class` of segmend/metrics/confident_learning.py; a loop over classes is several times faster on one core.
    """
    best = np.zeros(probabilities.shape[1:], np.float32)
    winner = np.full(best.shape, VOID, np.uint8)
    for k, threshold in enumerate(thresholds.astype(np.float32)):
        layer = probabilities[k]
        better = (layer >= threshold) & (layer > best)
        winner[better] = k
        best[better] = layer[better]
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
    import cv2

    square = np.ones((2 * band - 1, 2 * band - 1), np.uint8)
    return cv2.dilate(edges(labels).view(np.uint8), square).view(bool)


def reliability(probabilities: Probabilities) -> float:
    """The square root of the mean of the largest probability, over the image."""
    best = probabilities[0].copy()
    for layer in probabilities[1:]:  # several times faster than max over the first axis
        np.maximum(best, layer, out=best)
    return float(best.mean(dtype=np.float64) ** 0.5)


def quality_map(labels: LabelMap, probabilities: Probabilities) -> Float32[np.ndarray, "h w"]:
    """1 - r (1 - p[label]) of every pixel; 1 where there is no class."""
    quality = 1 - np.float32(reliability(probabilities)) * (1 - own_probability(labels, probabilities))
    return np.where(is_class(labels), quality, np.float32(1))


def look(
    labels: LabelMap,
    probabilities: Probabilities,
    thresholds: Float64[np.ndarray, " k"],
    band: int = BAND,
    temperature: float = TEMPERATURE,
) -> Looked:
    """The findings of one image and its quality. Void and unlabelled pixels are never part of one."""
    known, reliable = is_class(labels), reliability(probabilities)
    own = own_probability(labels, probabilities)
    near = border_band(labels, band)
    inside = known & ~near
    quality = soft_min((1 - reliable * (1 - own))[inside if inside.any() else known], temperature)
    proposed, over = confident_class(probabilities, thresholds)
    wrong = known & (proposed != VOID) & (proposed != labels)
    found, border = components(labels, proposed, wrong, over - own, own, near, reliable, temperature)
    return Looked(
        quality,
        reliable,
        found,
        sum(part.gain for part in found),
        border,
        pair_counts(labels, proposed, len(probabilities)),
    )


def pair_counts(labels: LabelMap, confident: np.ndarray, classes: int) -> Int64[np.ndarray, "k k"]:
    """How many pixels have each pair of label (row) and confident class (column)."""
    sure = is_class(labels) & (confident != VOID)
    pairs = np.where(sure, labels.astype(np.int64) * classes + confident, classes**2)
    return np.bincount(pairs.ravel(), minlength=classes**2 + 1)[:-1].reshape(classes, classes)


def components(
    labels: LabelMap,
    proposed: np.ndarray,
    wrong: Bool[np.ndarray, "h w"],
    lead: Float32[np.ndarray, "h w"],
    own: Float32[np.ndarray, "h w"],
    near: Bool[np.ndarray, "h w"],
    reliable: float,
    temperature: float,
) -> tuple[list[Component], Border]:
    """The connected components of suspected pixels of equal label and proposed class, and what of them is borderline."""
    from skimage.measure import label as connected

    places = np.flatnonzero(wrong)
    if not len(places):
        return [], Border(0, 0)
    pair = np.zeros(labels.shape, np.int32)
    pair.ravel()[places] = labels.ravel()[places].astype(np.int32) * 256 + proposed.ravel()[places] + 1
    numbers = connected(pair, background=0, connectivity=2).ravel()[places] - 1
    order = np.argsort(numbers, kind="stable")
    places = places[order]
    areas = np.bincount(numbers)
    starts = np.concatenate([[0], np.cumsum(areas)[:-1]])
    leads = np.add.reduceat(lead.ravel()[places], starts, dtype=np.float64) / areas
    whole = whole_pieces(labels, places, starts, areas)
    border = np.logical_and.reduceat(near.ravel()[places], starts) & ~whole
    qualities = soft_minima(1 - reliable * (1 - own.ravel()[places]), starts, areas, temperature)
    found = []
    for k in np.flatnonzero(~border).tolist():
        pixels = places[starts[k] : starts[k] + areas[k]]
        first, mean, area = pixels[0], float(leads[k]), int(areas[k])
        quality = float(qualities[k])
        severity: Severity = "major" if mean >= SURE and area >= LARGE * labels.size else "minor"
        found.append(
            Component(
                int(labels.ravel()[first]), int(proposed.ravel()[first]), pixels, reliable * mean * area, mean, reliable * mean, quality, severity
            )
        )  # fmt: skip
    return found, Border(int(border.sum()), int(areas[border].sum()))


def whole_pieces(labels: LabelMap, places: np.ndarray, starts: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Whether each component holds most of the piece of equal label in which its first pixel lies, and lies mostly in it."""
    pieces = pieces_of(labels).ravel()
    sizes, own = np.bincount(pieces), pieces[places[starts]]
    inside = np.add.reduceat(pieces[places] == np.repeat(own, areas), starts, dtype=np.int64)
    return (2 * inside > sizes[own]) & (2 * inside > areas)


def pieces_of(labels: LabelMap) -> np.ndarray:
    """The 4-connected pieces of equal label, integers (h, w) from 0."""
    import cv2

    numbers, count = np.zeros(labels.shape, np.int32), 0
    for label in np.flatnonzero(np.bincount(labels.ravel())).tolist():
        mask = labels == label
        parts, numbered = cv2.connectedComponents(mask.view(np.uint8), connectivity=4, ltype=cv2.CV_32S)
        numbers += np.where(mask, numbered + (count - 1), 0)
        count += parts - 1
    return numbers
