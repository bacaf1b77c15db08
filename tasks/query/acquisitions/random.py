"""Every region alike: the baseline that any other acquisition must beat at the same cost.

Idea: no information is used, so the asked regions are a fair sample of all.
Formula: utility ~ uniform on [0, 1), seeded by the run's seed and the round.
Limits: every open region is equally likely to be asked, whatever its size, class or label.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class Random(Method):
    name: Literal["random"] = "random"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return rng.random(len(table))
