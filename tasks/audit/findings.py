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
from jaxtyping import Bool, Float32, Float64, Int64, UInt8

from segmend.images.rasters import VOID, LabelMap, is_class
from segmend.metrics.confident_learning import own_probability, pixels_by_class
from tasks.audit.borders import border_band, whole_pieces

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
    box: tuple[int, int, int, int]  # top, left, height, width
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
    labelled: Int64[np.ndarray, " k"]  # pixels of each label
    confident: Int64[np.ndarray, "k k"]  # pixels by label (row) and confident class


class Pixels(NamedTuple):
    """What is known of every pixel of an image."""

    labels: LabelMap
    proposed: UInt8[np.ndarray, "h w"]  # the confident class, VOID where there is none
    over: Float32[np.ndarray, "h w"]  # p[proposed]
    own: Float32[np.ndarray, "h w"]  # p[label]
    quality: Float32[np.ndarray, "h w"]
    near: Bool[np.ndarray, "h w"]  # the border band
    reliable: float


def soft_min(
    quality: Float32[np.ndarray, "*shape"], temperature: float, where: Bool[np.ndarray, "*shape"] | None = None
) -> float:
    """The soft-min at this temperature of the pixels `where` (default: all); 1 where there is nothing."""
    import cv2

    if not (quality.size if where is None else where.any()):
        return 1.0
    mask = None if where is None else where.view(np.uint8)
    least = np.float32(cv2.minMaxLoc(quality, mask)[0])
    weights = np.exp((least - quality) / np.float32(temperature))
    if where is not None:
        weights *= where
    total = cv2.sumElems(weights)[0]  # in double precision
    return float(cv2.sumElems(np.multiply(weights, quality, out=weights))[0] / total)


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


def confident_class(
    probabilities: Probabilities, thresholds: Float64[np.ndarray, " k"]
) -> tuple[UInt8[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """The most probable of the classes that reach their threshold, VOID where none does; and its probability, 0 there.

    As `confident_class` of segmend/metrics/confident_learning.py, by operations that do not branch at each pixel: several times
    faster on one core.
    """
    import cv2

    best = np.zeros(probabilities.shape[1:], np.float32)
    passing = np.empty_like(best)
    winner = np.zeros(best.shape, np.uint8)  # class + 1
    for k, threshold in enumerate(thresholds.astype(np.float32)):
        below = float(np.nextafter(threshold, np.float32(-np.inf)))  # p > below: p reaches the threshold
        cv2.threshold(probabilities[k], below, 0, cv2.THRESH_TOZERO, dst=passing)
        np.maximum(
            winner, (passing > best).view(np.uint8) * np.uint8(k + 1), out=winner
        )  # the last one that is better wins
        np.maximum(best, passing, out=best)
    return winner - np.uint8(1), best  # 0 - 1 is VOID


def reliability(probabilities: Probabilities) -> float:
    """The square root of the mean of the largest probability, over the image."""
    import cv2

    best = probabilities[0].copy()
    for layer in probabilities[1:]:  # several times faster than max over the first axis
        np.maximum(best, layer, out=best)
    return float(cv2.mean(best)[0] ** 0.5)  # in double precision


def quality_of(own: Float32[np.ndarray, "h w"], reliable: float) -> Float32[np.ndarray, "h w"]:
    """1 - r (1 - p[label])."""
    return 1 - np.float32(reliable) * (1 - own)


def quality_map(labels: LabelMap, probabilities: Probabilities) -> Float32[np.ndarray, "h w"]:
    """1 - r (1 - p[label]) of every pixel; 1 where there is no class."""
    own = own_probability(labels, probabilities, pixels_by_class(labels, len(probabilities)))
    return np.where(is_class(labels), quality_of(own, reliability(probabilities)), np.float32(1))


def look(
    labels: LabelMap,
    probabilities: Probabilities,
    thresholds: Float64[np.ndarray, " k"],
    band: int = BAND,
    temperature: float = TEMPERATURE,
) -> Looked:
    """The findings of one image and its quality. Void and unlabelled pixels are never part of one."""
    known, reliable = is_class(labels), reliability(probabilities)
    labelled = pixels_by_class(labels, len(probabilities))
    own = own_probability(labels, probabilities, labelled)
    quality, near = quality_of(own, reliable), border_band(labels, band)
    inside = known & ~near
    proposed, over = confident_class(probabilities, thresholds)
    wrong = np.flatnonzero(known & (proposed != VOID) & (proposed != labels))
    found, border = components(Pixels(labels, proposed, over, own, quality, near, reliable), wrong, temperature)
    return Looked(
        soft_min(quality, temperature, inside if inside.any() else known),
        reliable,
        found,
        sum(part.gain for part in found),
        border,
        labelled,
        pair_counts(labels, proposed, wrong, labelled),
    )


def pair_counts(
    labels: LabelMap,
    confident: UInt8[np.ndarray, "h w"],
    wrong: Int64[np.ndarray, " n"],
    labelled: Int64[np.ndarray, " k"],
) -> Int64[np.ndarray, "k k"]:
    """How many pixels have each pair of label (row) and confident class (column). `wrong` are those where the two differ."""
    classes = len(labelled)
    pairs = labels.ravel()[wrong].astype(np.int64) * classes + confident.ravel()[wrong]
    counts = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    agree = labels == confident
    for k in np.flatnonzero(labelled).tolist():
        counts[k, k] = np.count_nonzero(agree & (labels == k))
    return counts


def components(pixels: Pixels, wrong: Int64[np.ndarray, " n"], temperature: float) -> tuple[list[Component], Border]:
    """The connected components of suspected pixels of equal label and proposed class, and what of them is borderline."""
    from skimage.measure import label as connected

    if not len(wrong):
        return [], Border(0, 0)
    labels = pixels.labels
    pair = np.zeros(labels.shape, np.int32)
    pair.ravel()[wrong] = labels.ravel()[wrong].astype(np.int32) * 256 + pixels.proposed.ravel()[wrong] + 1
    numbers = connected(pair, background=0, connectivity=2).ravel()[wrong] - 1
    places, areas = wrong[np.argsort(numbers, kind="stable")], np.bincount(numbers)
    starts = starts_of(areas)
    border = np.logical_and.reduceat(pixels.near.ravel()[places], starts)
    border[border] = ~whole_pieces(labels, places, starts[border], areas[border])
    hidden = Border(int(border.sum()), int(areas[border].sum()))
    if border.all():
        return [], hidden
    places, areas = places[np.repeat(~border, areas)], areas[~border]
    starts = starts_of(areas)
    lead_map = pixels.over.ravel()[places] - pixels.own.ravel()[places]
    leads = np.add.reduceat(lead_map, starts, dtype=np.float64) / areas
    qualities = soft_minima(pixels.quality.ravel()[places], starts, areas, temperature)
    rows, columns = np.divmod(places, labels.shape[1])
    tops, lefts = rows[starts], np.minimum.reduceat(columns, starts)
    heights = rows[starts + areas - 1] - tops + 1  # the pixels of a part ascend
    widths = np.maximum.reduceat(columns, starts) - lefts + 1
    given, said = labels.ravel()[places[starts]].tolist(), pixels.proposed.ravel()[places[starts]].tolist()
    found: list[Component] = []
    sure = pixels.reliable
    for k, (start, area, lead) in enumerate(zip(starts.tolist(), areas.tolist(), leads.tolist(), strict=True)):
        severity: Severity = "major" if lead >= SURE and area >= LARGE * labels.size else "minor"
        box = int(tops[k]), int(lefts[k]), int(heights[k]), int(widths[k])
        found.append(
            Component(
                given[k], said[k], places[start : start + area], box, sure * lead * area, lead, sure * lead, float(qualities[k]), severity
            )
        )  # fmt: skip
    return found, hidden


def starts_of(sizes: Int64[np.ndarray, " c"]) -> Int64[np.ndarray, " c"]:
    """Where parts of these sizes begin that follow one another."""
    return np.cumsum(sizes) - sizes
