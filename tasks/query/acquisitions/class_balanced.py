"""Chance, but as many regions of each predicted class as there are: the baseline for data with rare classes.

Idea: most pixels are background, so plain chance spends most clicks there; surveys found no acquisition that reliably
    beats chance that is aware of the classes.
Formula: regions not asked yet are shuffled within their dominant predicted class; the j-th of each class (from 0) has
    utility -j. So the best n regions hold n / K of each class until a class runs out.
Limits: one class in the data set, or one region per class: the same as `random`.
Differs: a region asked before has utility -infinity, so that it takes no place in its class.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class ClassBalanced(Method):
    name: Literal["class_balanced"] = "class_balanced"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        utilities = np.full(len(table), -np.inf)
        open_ = np.flatnonzero(table.asked == 0)
        order = open_[np.lexsort((rng.random(len(open_)), table.predicted[open_]))]
        kind = table.predicted[order]
        starts = np.searchsorted(kind, kind)  # where the class of each begins in the order
        utilities[order] = -(np.arange(len(order)) - starts).astype(np.float64)
        return utilities
