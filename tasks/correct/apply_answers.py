"""Answers painted over first labels: a pure function of the two, so no order of runs can lose or double an answer.

Where answers are sieved, the newest network's probabilities are the third thing that the labels depend on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64

from segmend.answers.answers import Answer, pixels
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap
from segmend.images.regions import areas, class_counts, majority
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
        self, footprint: Int64[np.ndarray, " n"], places: Int64[np.ndarray, " m"], named: int
    ) -> Bool[np.ndarray, " m"]:
        """For the places of a footprint that are not void; a base cell counts where most of its pixels are inside."""
        inside = np.bincount(self.regions.ravel()[footprint] + 1)[1:]
        cells = int((2 * inside > self.sizes[: len(inside)]).sum())
        return self.method(self.probabilities[named].ravel()[places], cells)


def apply(labels: LabelMap, answer: Answer, classes: tuple[str, ...], sieve: Sieve | None = None) -> int:
    """Change a label map, in place, as one answer says; void pixels and pixels outside its footprint stay.

    skip changes nothing, and so does confirm, unless it says which pixels carried the class (some may have been
    labelled automatically): these are painted. class, and a set of one class, paint the footprint, or what the sieve
    leaves of it. mask paints the brushed pixels inside the footprint. A set of several classes does not say which pixel is which:
    it is kept and changes nothing.

    The result is how many pixels the sieve took out.
    """
    if answer.kind == "skip" or len(answer.classes) > 1 or (answer.kind == "confirm" and answer.mask is None):
        return 0
    footprint = places = pixels(answer.footprint)
    if answer.mask is not None:
        places = np.intersect1d(places, pixels(answer.mask), assume_unique=True)
    flat, named = labels.reshape(-1), classes.index(answer.classes[0])
    places = places[flat[places] != VOID]
    kept = places
    if sieve is not None and answer.kind in ("class", "class_set") and len(places):
        keeps = sieve(footprint, places, named)
        kept = places[keeps]
        if sieve.rest == "unlabelled":
            flat[places[~keeps]] = UNLABELLED
    flat[kept] = named
    return len(places) - len(kept)


def corrected(
    first: LabelMap, answers: Iterable[Answer], classes: tuple[str, ...], sieve: Sieve | None = None
) -> LabelMap:
    """The labels after all answers, in order; `first` is not changed."""
    labels = first.copy()
    for answer in answers:
        apply(labels, answer, classes, sieve)
    return labels


def name_of(labels: np.ndarray, classes: tuple[str, ...]) -> str | None:
    """The class most of these labels (n,) name; None where most are unlabelled or void."""
    most, _ = majority(class_counts(labels[None], np.zeros((1, len(labels)), np.int32), len(classes)))
    return None if not len(labels) or most[0] in (UNLABELLED, VOID) else classes[most[0]]
