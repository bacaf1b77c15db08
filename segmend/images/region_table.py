"""The region table that acquisitions rank: built image by image, so that no dense probabilities are kept.

`Scene` is one image's arrays during the pass, with what several measures need worked out once; `RegionTable` is one row
per region of the train split afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64, UInt8
from scipy.sparse import coo_array

from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap, is_class
from segmend.images.regions import areas, class_counts, count, majority, mean_by_region

STRIP = 1 << 15  # pixels worked on at a time, so that a few channels of them stay in the processor's cache
# What does not depend on the regions: `Scene.over` carries it on.
PIXELWISE = ("ranked", "margins", "ratio", "lengths", "named", "doubt")


@dataclass(frozen=True)
class Scene:
    """One image: the network's probabilities, the current labels, the regions, the objects that a labeller drew.

    Means, sums and majorities are over a region's pixels; an id that no pixel carries has zeros.
    """

    probabilities: Float32[np.ndarray, "classes h w"]
    labels: LabelMap
    regions: RegionMap
    objects: RegionMap | None = None
    # What a corrector thinks of the base cells (probabilities), and these; None where there is none yet.
    opinion: Float32[np.ndarray, "cells classes"] | None = None
    cells: RegionMap | None = None

    def over(self, regions: RegionMap) -> "Scene":
        """The same image with other regions; what was worked out per pixel is kept."""
        other = replace(self, regions=regions)
        other.__dict__.update({name: self.__dict__[name] for name in PIXELWISE if name in self.__dict__})
        return other

    @property
    def classes(self) -> int:
        return len(self.probabilities)

    @property
    def flat(self) -> Float32[np.ndarray, "classes pixels"]:
        return self.probabilities.reshape(self.classes, -1)

    @cached_property
    def areas(self) -> Int64[np.ndarray, " k"]:
        return areas(self.regions)

    @cached_property
    def means(self) -> Float64[np.ndarray, "k classes"]:
        """Mean probabilities of each region."""
        return mean_by_region(self.probabilities, self.regions)

    @cached_property
    def ratios(self) -> Float64[np.ndarray, " k"]:
        """Mean over each region of second best divided by best probability."""
        return mean_by_region(self.ratio, self.regions)

    @cached_property
    def ranked(self) -> tuple[UInt8[np.ndarray, "h w"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
        """Of each pixel: the most probable class (the first of equals), the highest probability, the second highest."""
        flat, shape = self.flat, self.regions.shape
        which, second = np.zeros(self.regions.size, np.uint8), np.zeros(self.regions.size, np.float32)
        best = flat[0].copy()
        lower, higher = np.empty(STRIP, np.float32), np.empty(STRIP, bool)
        for start in range(0, self.regions.size, STRIP):
            strip = np.s_[start : start + STRIP]
            w, b, s = which[strip], best[strip], second[strip]
            low, beats = lower[: len(b)], higher[: len(b)]
            for c in range(1, self.classes):
                channel = flat[c, strip]
                np.copyto(w, c, where=np.greater(channel, b, out=beats))
                np.maximum(s, np.minimum(channel, b, out=low), out=s)
                np.maximum(b, channel, out=b)
        return which.reshape(shape), best.reshape(shape), second.reshape(shape)

    @property
    def predicted(self) -> UInt8[np.ndarray, "h w"]:
        """The most probable class of each pixel."""
        return self.ranked[0]

    @property
    def confidence(self) -> Float32[np.ndarray, "h w"]:
        """The probability of the most probable class of each pixel."""
        return self.ranked[1]

    @cached_property
    def margins(self) -> Float32[np.ndarray, "h w"]:
        """Best minus second best probability of each pixel: 0 is undecided, 1 is sure."""
        return self.ranked[1] - self.ranked[2]

    @cached_property
    def ratio(self) -> Float32[np.ndarray, "h w"]:
        """Second best divided by best probability of each pixel (BvSB): 1 is undecided, 0 is sure."""
        return self.ranked[2] / np.maximum(self.ranked[1], np.float32(1e-12))

    @cached_property
    def named(self) -> UInt8[np.ndarray, "h w"]:
        """The current class of each pixel, n: the predicted one where the label is no class."""
        return np.where(is_class(self.labels), self.labels, self.predicted)

    @cached_property
    def doubt(self) -> Float32[np.ndarray, "h w"]:
        """How little the network believes the current class, 1 - P_n; 0 where the label is void."""
        places = self.named.ravel().astype(np.intp) * self.regions.size + np.arange(self.regions.size)
        doubt = np.maximum(1 - self.flat.ravel()[places].reshape(self.regions.shape), 0)
        doubt[self.labels == VOID] = 0
        return doubt

    @cached_property
    def moved(self) -> Float32[np.ndarray, "k columns"]:
        """Sum over each region of P_c*(x) - P_n(x)(x), by the label n that the pixels have: (k, K + 1), the last column unlabelled.

        c* is the most probable class of the region. An unlabelled pixel has no P_n to lose; void pixels are left out.
        """
        width, k = self.classes + 1, len(self.areas)
        here = np.flatnonzero((self.regions.ravel() >= 0) & (self.labels.ravel() != VOID))
        ids, now = self.regions.ravel()[here].astype(np.intp), self.labels.ravel()[here]
        now = np.minimum(now, self.classes).astype(np.intp)
        kept = np.where(now < self.classes, 1 - self.doubt.ravel()[here], np.float32(0))
        best = self.means.argmax(axis=1)[ids]
        gain = self.flat.ravel()[best * self.regions.size + here] - kept
        return np.bincount(ids * width + now, gain, k * width).reshape(k, width).astype(np.float32)

    @cached_property
    def believed(self) -> Float64[np.ndarray, "k classes"]:
        """Mean over each region of the corrector's probabilities, those of the base cell under each pixel; zeros without one."""
        k = len(self.areas)
        if self.opinion is None or self.cells is None:
            return np.zeros((k, self.classes))
        inside = np.flatnonzero((self.regions.ravel() >= 0) & (self.cells.ravel() >= 0))
        shape = (k, len(self.opinion))
        shared = coo_array((np.ones(len(inside)), (self.regions.ravel()[inside], self.cells.ravel()[inside])), shape)
        return (shared.tocsr() @ self.opinion.astype(np.float64)) / np.maximum(self.areas, 1)[:, None]

    @cached_property
    def lengths(self) -> Float32[np.ndarray, "h w"]:
        """Euclidean length of each pixel's probabilities."""
        return np.sqrt(np.einsum("chw,chw->hw", self.probabilities, self.probabilities))

    @cached_property
    def shown(self) -> UInt8[np.ndarray, " k"]:
        """The label most of a region's pixels carry (254 or 255 where most have none)."""
        return majority(class_counts(self.labels, self.regions, self.classes))[0]

    @cached_property
    def dominant(self) -> UInt8[np.ndarray, " k"]:
        """The class that most pixels of a region are predicted as, c*."""
        return majority(class_counts(self.predicted, self.regions, self.classes))[0]

    @cached_property
    def slots(self) -> Int64[np.ndarray, " pixels"]:
        """Each pixel's place in a list with one entry per region behind a first one for NO_REGION."""
        return self.regions.ravel().astype(np.int64) + 1

    @cached_property
    def core(self) -> Bool[np.ndarray, "h w"]:
        """The pixels predicted as the dominant class of their region."""
        own = np.concatenate([[UNLABELLED], self.dominant]).astype(np.uint8)  # no pixel is predicted as unlabelled
        return (own[self.slots] == self.predicted.ravel()).reshape(self.regions.shape)

    @cached_property
    def centrality(self) -> Float32[np.ndarray, "h w"]:
        """Cosine between each pixel's probabilities and the mean of its region's core."""
        # The rest is usually far smaller than the core, so it is taken off the sum over the region.
        rest = np.flatnonzero(~self.core.ravel() & (self.slots > 0))
        slots, sums = self.slots[rest], self.means * self.areas[:, None]
        for c, channel in enumerate(self.flat):
            sums[:, c] -= np.bincount(slots, channel[rest], len(sums) + 1)[1:]
        return self.cosines(sums)  # a sum points where the mean points

    @cached_property
    def representative(self) -> Int64[np.ndarray, " k"]:
        """The pixel that stands for a region, as a flat index (-1 for an id no pixel carries).

        It is the pixel of the region's core with the highest cosine between its probabilities and the core's mean; of
        equals the first in reading order.
        """
        places = np.flatnonzero(self.core)
        near, slots = self.centrality.ravel()[places], self.slots[places]
        best = np.full(count(self.regions) + 1, -np.inf, np.float32)
        np.maximum.at(best, slots, near)
        hit = np.flatnonzero(near == best[slots])[::-1]  # backwards: of several writes to one index the last stays
        picked = np.full(len(best), -1, np.int64)
        picked[slots[hit]] = places[hit]
        return picked[1:]

    @cached_property
    def resemblance(self) -> Float32[np.ndarray, "h w"]:
        """Cosine between each pixel's probabilities and those of its region's representative, cos(P(x), P(r))."""
        return self.cosines(self.flat[:, self.representative].T.astype(np.float64))

    def reached(self, eps: float) -> Bool[np.ndarray, "h w"]:
        """E: the pixels that resemble their region's representative by `eps` at least; it always resembles itself."""
        inside = self.resemblance >= eps
        inside.ravel()[self.representative[self.areas > 0]] = True
        return inside

    def cosines(self, vectors: Float64[np.ndarray, "k classes"]) -> Float32[np.ndarray, "h w"]:
        """Cosine between each pixel's probabilities and its region's vector; 0 outside the valid area."""
        norms = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        unit = np.zeros((self.classes, len(vectors) + 1), np.float32)  # the first column: no region
        unit[:, 1:] = (vectors / norms).T
        flat, dot, room = self.flat, np.zeros(self.regions.size, np.float32), np.empty(STRIP, np.float32)
        for start in range(0, self.regions.size, STRIP):
            strip = np.s_[start : start + STRIP]
            slots, sums = self.slots[strip], dot[strip]
            product = room[: len(slots)]
            for c in range(self.classes):
                np.take(unit[c], slots, out=product, mode="clip")  # other modes copy `out`
                np.multiply(product, flat[c, strip], out=product)
                np.add(sums, product, out=sums)
        return dot.reshape(self.regions.shape) / np.maximum(self.lengths, 1e-12)


@dataclass(frozen=True)
class RegionTable:
    """One row per region, n rows, images one after the other."""

    images: tuple[str, ...]  # the images' ids; `image` indexes them
    image: np.ndarray  # int32 (n,)
    region: np.ndarray  # int32 (n,): the id in the image's region map
    area: np.ndarray  # int64 (n,): pixels
    means: np.ndarray  # float32 (n, K): mean probabilities
    margin: np.ndarray  # float32 (n,): mean of best minus second best
    shown: np.ndarray  # uint8 (n,): majority of the current labels, 254 or 255 where most pixels have none
    predicted: np.ndarray  # uint8 (n,): dominant predicted class
    row: np.ndarray  # int32 (n,): the representative pixel
    column: np.ndarray  # int32 (n,)
    asked: np.ndarray  # int32 (n,): not 0 where it was asked before
    repeats: float = 0.5  # what asking where network and label agree is worth beside asking at conflicts, 0..1
    columns: dict[str, np.ndarray] = field(default_factory=dict)  # what the acquisition measured, each (n,) or (n, m)

    def __len__(self) -> int:
        return len(self.region)


def rows_of(index: int, scene: Scene, asked: np.ndarray, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One image's rows of the table; `columns` are the acquisition's own, one value or row per region."""
    k = len(scene.areas)
    row, column = np.unravel_index(np.maximum(scene.representative, 0), scene.regions.shape)
    return {
        "image": np.full(k, index, np.int32),
        "region": np.arange(k, dtype=np.int32),
        "area": scene.areas,
        "means": scene.means.astype(np.float32),
        "margin": mean_by_region(scene.margins, scene.regions).astype(np.float32),
        "shown": scene.shown,
        "predicted": scene.dominant,
        "row": row.astype(np.int32),
        "column": column.astype(np.int32),
        "asked": asked.astype(np.int32),
        **{f"columns.{name}": np.asarray(values) for name, values in columns.items()},
    }


def joined(images: tuple[str, ...], parts: Iterable[dict[str, np.ndarray]]) -> RegionTable:
    """The images' rows as one table. The parts are emptied on the way: only one column at a time is there twice."""
    every = list(parts)
    names = list(every[0])
    whole = {name: np.concatenate([part.pop(name) for part in every]) for name in names}
    own = {name.removeprefix("columns."): whole.pop(name) for name in list(names) if name.startswith("columns.")}
    return RegionTable(images=images, columns=own, repeats=0.5, **whole)
