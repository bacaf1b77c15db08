"""Ask where the network cannot decide between its best and its second-best class.

Paper: best versus second best (BvSB): Joshi, Porikli and Papanikolopoulos, Multi-Class Active Learning for Image
    Classification, CVPR 2009, section 3.2.
Formula: utility = 1 - mean over the region's pixels of (p1 - p2).
Limits: 0 where every pixel is sure, 1 where its two best classes are equally probable.
Differs: the difference p1 - p2 of the paper, not the ratio p2 / p1 that superpixel methods use; the mean is over the
    region, so the size of a region does not matter. The current label is not looked at.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class Margin(Method):
    name: Literal["margin"] = "margin"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return 1.0 - table.margin.astype(np.float64)
