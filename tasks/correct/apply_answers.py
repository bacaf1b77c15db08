"""Answers painted over first labels: a pure function of the two, so no order of runs can lose or double an answer.

Where answers are sieved, the labels also depend on the newest network's probabilities.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64

from segmend.answers.answers import Answer, is_simulated, latest, pixels
from segmend.answers.candidate_sets import answered_pixels
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap
from segmend.images.regions import areas
from tasks.correct.sieving import Sieving


@dataclass(frozen=True)
class Sieve:
    """Which pixels of an answered region keep the answer."""

    method: Sieving
    probabilities: Float32[np.ndarray, "classes h w"]
    regions: RegionMap  # the base cells

    @cached_property
    def sizes(self) -> Int64[np.ndarray, " k"]:
        return areas(self.regions)

    @property
    def rest(self) -> Literal["first", "unlabelled"]:
        return self.method.rest

    def __call__(
        self, footprint: Int64[np.ndarray, " n"], inside: Int64[np.ndarray, " m"], class_id: int
    ) -> Bool[np.ndarray, " m"]:
        """Which of the pixels `inside` a footprint (those that are not void) keep the answer `class_id`.

        The footprint covers a base cell where most of the cell's pixels are inside.
        """
        overlap = np.bincount(self.regions.ravel()[footprint] + 1)[1:]
        cells = int((2 * overlap > self.sizes[: len(overlap)]).sum())
        return self.method(self.probabilities[class_id].ravel()[inside], cells)


def apply(labels: LabelMap, answer: Answer, classes: tuple[str, ...], sieve: Sieve | None = None) -> int:
    """Change a label map, in place, by one answer; void pixels and pixels outside its footprint stay.

    skip changes nothing, and neither does confirm, unless it names the pixels that carried the class (some may have been
    labelled automatically): these are painted. class, and a set of one class, paint the footprint, or what the sieve
    leaves of it. mask paints the brushed pixels inside the footprint. A set of several classes does not say which pixel is which:
    it is kept and changes nothing.

    Returns how many pixels the sieve took out.
    """
    if answer.kind == "skip" or len(answer.classes) > 1 or (answer.kind == "confirm" and answer.mask is None):
        return 0
    flat, class_id = labels.reshape(-1), classes.index(answer.classes[0])
    painted = answered_pixels(answer)
    painted = painted[flat[painted] != VOID]
    kept = painted
    if sieve is not None and answer.kind in ("class", "class_set") and len(painted):
        keeps = sieve(pixels(answer.footprint), painted, class_id)
        kept = painted[keeps]
        if sieve.rest == "unlabelled":
            flat[painted[~keeps]] = UNLABELLED
    flat[kept] = class_id
    return len(painted) - len(kept)


def in_order(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that count, in the order in which they are applied: those of people last, as they were given.

    So no simulated answer changes a pixel that a person answered.
    """
    return sorted(latest(answers), key=lambda answer: not is_simulated(answer.who))


def corrected(
    first: LabelMap, answers: Iterable[Answer], classes: tuple[str, ...], sieve: Sieve | None = None
) -> LabelMap:
    """The labels after all answers, in order; `first` is not changed."""
    labels = first.copy()
    for answer in answers:
        apply(labels, answer, classes, sieve)
    return labels


def name_of(labels: np.ndarray, classes: tuple[str, ...]) -> str | None:
    """The most frequent class of these labels (n,); None where most are unlabelled or void."""
    counts = np.bincount(labels, minlength=256)
    most = int(np.concatenate([counts[: len(classes)], counts[UNLABELLED:]]).argmax())
    return classes[most] if most < len(classes) and counts[most] else None
