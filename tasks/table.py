"""The region table that acquisitions rank: built image by image, so that no dense probabilities are kept.

`Scene` is one image's arrays during the pass, with what several measures need worked out once; `RegionTable` is one row per
region of the train split afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8

from tasks.rasters import LabelMap, RegionMap
from tasks.regions import areas, class_counts, count, majority, mean_by_region


@dataclass(frozen=True)
class Scene:
    """One image: the network's probabilities, the current labels, the regions."""

    probabilities: Float32[np.ndarray, "classes h w"]
    labels: LabelMap
    regions: RegionMap

    @property
    def classes(self) -> int:
        return len(self.probabilities)

    @cached_property
    def areas(self) -> Int64[np.ndarray, " k"]:
        return areas(self.regions)

    @cached_property
    def means(self) -> Float64[np.ndarray, "k classes"]:
        """Mean probabilities of each region."""
        return mean_by_region(self.probabilities, self.regions)

    @cached_property
    def predicted(self) -> UInt8[np.ndarray, "h w"]:
        """The most probable class of each pixel."""
        return self.probabilities.argmax(axis=0).astype(np.uint8)

    @cached_property
    def margins(self) -> Float32[np.ndarray, "h w"]:
        """Best minus second best probability of each pixel: 0 is undecided, 1 is sure."""
        best = self.probabilities[0].copy()
        second = np.zeros_like(best)
        for channel in self.probabilities[1:]:
            np.maximum(second, np.minimum(best, channel), out=second)
            np.maximum(best, channel, out=best)
        return best - second

    @cached_property
    def shown(self) -> UInt8[np.ndarray, " k"]:
        """The label most of a region's pixels carry (254 or 255 where most have none)."""
        return majority(class_counts(self.labels, self.regions, self.classes))[0]

    @cached_property
    def dominant(self) -> UInt8[np.ndarray, " k"]:
        """The class that most pixels of a region are predicted as, c*."""
        return majority(class_counts(self.predicted, self.regions, self.classes))[0]

    @cached_property
    def representative(self) -> Int64[np.ndarray, " k"]:
        """The pixel that stands for a region, as a flat index (-1 for an id no pixel carries).

        It is the pixel with the highest cosine between its probabilities and their mean over the pixels predicted as the
        dominant class, among those pixels; of equals the first in reading order.
        """
        k = count(self.regions)
        chosen = self.regions >= 0
        chosen[chosen] = self.predicted[chosen] == self.dominant[self.regions[chosen]]
        core = np.where(chosen, self.regions, np.int32(-1))
        places = np.flatnonzero(core.ravel() >= 0)
        ids = core.ravel()[places]
        mean = np.zeros((k, self.classes))
        found = mean_by_region(self.probabilities, core)
        mean[: len(found)] = found
        near = self.cosines(mean).ravel()[places]
        best = np.full(k, -np.inf, np.float32)
        np.maximum.at(best, ids, near)
        hit = (near == best[ids])[::-1]  # backwards: of several writes to one place the last one stays
        picked = np.full(k, -1, np.int64)
        picked[ids[::-1][hit]] = places[::-1][hit]
        return picked

    def cosines(self, vectors: Float64[np.ndarray, "k classes"]) -> Float32[np.ndarray, "h w"]:
        """Cosine between each pixel's probabilities and its region's vector; 0 outside the valid area."""
        if not len(vectors):
            return np.zeros(self.regions.shape, np.float32)
        norms = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        unit = np.concatenate([vectors / norms, np.zeros((1, self.classes))]).astype(
            np.float32
        )  # the last row: no region
        dot = np.zeros(self.regions.shape, np.float32)
        for channel, column in zip(self.probabilities, unit.T, strict=True):
            dot += channel * column[self.regions]
        return dot / np.maximum(self.lengths, 1e-12)

    @cached_property
    def lengths(self) -> Float32[np.ndarray, "h w"]:
        """Euclidean length of each pixel's probabilities."""
        return np.sqrt(np.einsum("chw,chw->hw", self.probabilities, self.probabilities))


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
    asked: np.ndarray  # int32 (n,): how often it was asked before
    columns: dict[str, np.ndarray] = field(default_factory=dict)  # what the acquisition measured, each (n,)

    def __len__(self) -> int:
        return len(self.region)


def rows_of(index: int, scene: Scene, asked: np.ndarray, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One image's rows of the table; `columns` are the acquisition's own, one value per region."""
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
    """The images' rows as one table."""
    every = list(parts)
    names = every[0].keys()
    whole = {name: np.concatenate([part[name] for part in every]) for name in names}
    own = {name.removeprefix("columns."): whole.pop(name) for name in list(names) if name.startswith("columns.")}
    return RegionTable(images=images, columns=own, **whole)
