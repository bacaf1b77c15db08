"""Is one network (or label set) better than another, beyond what the choice of test images explains?

Paired bootstrap over images (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16): images are drawn with
replacement, both are scored on the same draw, and the differences of mIoU show how far chance goes. Pixels of one image are not
independent, images are; so images are drawn, not pixels. The challenger is better when its mIoU is higher in `confidence` of the
draws, and of few images in more than that (expanded percentile: Hesterberg, What Teachers Should Know About the Bootstrap, 2015, section
5.3). Of few images even that promotes an equal one too often, so a paired permutation test (Good, Permutation, Parametric and Bootstrap
Tests of Hypotheses, 3rd ed. 2005, chapter 3) must agree: the two are swapped at random image by image, and in at most 1 - confidence of the
swaps may the difference be as large. It is exact for any number of images; fewer than five can never suffice at 0.95. A better one is
refused all the same when a listed class loses more than `drop` of its IoU on the whole set.
"""

from collections.abc import Sequence
from math import ceil, log2
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import ndtr, stdtrit

from segmend.metrics.confusion import Confusion
from tasks.gate.settings import Params

CHUNK = 2**22  # numbers of weights that are held at once


class Verdict(NamedTuple):
    """`promoted` and why; all scores in 0..1, differences are challenger minus champion."""

    promoted: bool
    sentence: str
    images: int
    champion_miou: float
    challenger_miou: float
    share_better: float  # of the draws
    p: float  # of the permutation test: the share of swaps with as large a difference
    interval: tuple[float, float]  # of the difference in mIoU: the middle `confidence` of the draws
    class_differences: dict[str, float | None]  # None: the class occurs in neither


class Counts(NamedTuple):
    """What the IoU of any set of images is made of: pixels where truth and prediction agree on a class, and where either has it."""

    hits: Float64[np.ndarray, "n k"]
    unions: Float64[np.ndarray, "n k"]


def counts(matrices: Int64[np.ndarray, "n k columns"]) -> Counts:
    """Of confusion matrices per image, as `Confusion.matrix`; pixels without a label count as wrong."""
    square = matrices[:, :, : matrices.shape[1]]
    hits = np.einsum("nkk->nk", square)
    return Counts(hits.astype(float), (matrices.sum(2) + square.sum(1) - hits).astype(float))


def draws_of_miou(first: Counts, second: Counts, draws: int, seed: int) -> Float64[np.ndarray, " draws"]:
    """The difference in mIoU, second minus first, of each draw."""
    images, random = len(first.hits), np.random.default_rng(seed)
    found = []
    for begin in range(0, draws, step := max(1, CHUNK // images)):
        weights = random.multinomial(images, np.full(images, 1 / images), size=min(step, draws - begin)).astype(float)
        found.append(
            miou(weights @ second.hits, weights @ second.unions) - miou(weights @ first.hits, weights @ first.unions)
        )
    return np.concatenate(found)


def share_of_swaps(first: Counts, second: Counts, draws: int, seed: int) -> float:
    """The share of random swaps, the identity among them, in which second is ahead of first by as much as it is."""
    images, random = len(first.hits), np.random.default_rng(seed)
    real = ahead(first, second, np.zeros((1, images)))[0]
    as_large = 1
    for begin in range(0, draws, step := max(1, CHUNK // images)):
        swapped = random.integers(0, 2, (min(step, draws - begin), images)).astype(float)
        as_large += int((ahead(first, second, swapped) >= real - 1e-12).sum())
    return as_large / (1 + draws)


def ahead(first: Counts, second: Counts, swapped: Float64[np.ndarray, "d n"]) -> Float64[np.ndarray, " d"]:
    """By how much mIoU second is ahead where the images that are 1 are swapped."""
    mine = [(1 - swapped) @ a + swapped @ b for a, b in zip(second, first, strict=True)]
    yours = [(1 - swapped) @ a + swapped @ b for a, b in zip(first, second, strict=True)]
    return miou(*mine) - miou(*yours)


def miou(hits: Float64[np.ndarray, "n k"], unions: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " n"]:
    """The mean IoU over the classes that occur, row by row."""
    present = unions > 0
    iou = np.divide(hits, unions, out=np.zeros_like(hits), where=present)
    return iou.sum(1) / np.maximum(present.sum(1), 1)


def least(confidence: float) -> int:
    """Of how many images at least the permutation test can say `confidence`: n images have 2^n swaps. The bootstrap needs two."""
    return max(2, ceil(-log2(1 - confidence) - 1e-9))


def expanded(confidence: float, images: int) -> float:
    """The share of draws that must agree, so that it means `confidence` with this many (2 or more) images."""
    return float(ndtr(stdtrit(images - 1, confidence) * (images / (images - 1)) ** 0.5))


def judge(
    champion: Int64[np.ndarray, "n k columns"],
    challenger: Int64[np.ndarray, "n k columns"],
    classes: Sequence[str],
    settings: Params,
    seed: int,
) -> Verdict:
    """Compare two stacks of confusion matrices of the same images, image by image. ValueError without images or for unknown classes."""
    if len(champion) < 2:
        raise ValueError(f"{len(champion)} images have truth, so nothing can be compared: two at least are needed")
    if unknown := [name for name in settings.classes if name not in classes]:
        raise ValueError(f"gate.classes names '{unknown[0]}', which is no class; the data set has {', '.join(classes)}")
    first, second = counts(champion), counts(challenger)
    differences = draws_of_miou(first, second, settings.draws, seed)
    share = float((differences > 0).mean())
    needed = expanded(settings.confidence, len(champion))
    p = share_of_swaps(first, second, settings.draws, seed)
    better = share >= needed and p <= 1 - settings.confidence + 1e-9
    tail = 1 - expanded((1 + settings.confidence) / 2, len(champion))
    low, high = (float(value) for value in np.quantile(differences, (tail, 1 - tail)))
    whole = [Confusion(len(classes), stack.sum(0)) for stack in (champion, challenger)]
    before, after = (confusion.miou_unlabelled_wrong() for confusion in whole)
    by_class = np.subtract(whole[1].iou_unlabelled_wrong(), whole[0].iou_unlabelled_wrong())
    by_name = {name: None if np.isnan(d) else float(d) for name, d in zip(classes, by_class, strict=True)}
    fallen = {
        name: d
        for name, d in by_name.items()
        if d is not None and d < -settings.drop and (not settings.classes or name in settings.classes)
    }
    compared = (
        f"mIoU {before:.4f} -> {after:.4f} on {len(champion)} images, higher in {share:.1%} of {settings.draws} draws"
    )
    if share < needed:
        sentence = f"Not better beyond chance: {compared}, {needed:.1%} are needed."
    elif not better:
        sentence = f"Not better beyond chance: {compared}, but {p:.1%} of random swaps do as well, {1 - settings.confidence:.1%} may."
    elif fallen:
        worst = min(fallen, key=lambda name: fallen[name])
        sentence = f"Better, but the class {worst} loses {-fallen[worst]:.4f} of its IoU, {settings.drop} is allowed: {compared}."
    else:
        sentence = f"Better: {compared}."
    return Verdict(better and not fallen, sentence, len(champion), before, after, share, p, (low, high), by_name)
