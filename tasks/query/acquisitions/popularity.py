"""Ask where two classes compete, classes that few pixels are predicted as first.

Paper: Kim et al., Adaptive Superpixel for Active Learning in Semantic Segmentation, ICCV 2023, arXiv 2303.16817.
Formula: utility = (U - min U) / (max U - min U) * exp(-q_c), U the mean over the region's pixels of p2 / p1 (best
    versus second best), minimum and maximum over all regions, c the region's dominant predicted class, q_c the share of
    all PIXELS that lie in regions whose dominant predicted class is c.
Limits: between 0 and 1; regions of equal size: the shares of `classbal`; U equal everywhere: 1 * exp(-q_c), the class
    decides.
Differs: the released code counts pixels at half resolution and divides by the full count, so that its shares add up to
    a quarter; here they add up to 1, as the formula says.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class Popularity(Method):
    name: Literal["popularity"] = "popularity"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"ratio": scene.ratios}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        ratio = table.columns["ratio"].astype(np.float64)
        low, high = ratio.min(initial=1), ratio.max(initial=0)
        doubt = (ratio - low) / (high - low) if high > low else np.ones(len(ratio))
        share = np.bincount(table.predicted, table.area) / max(table.area.sum(), 1)
        return doubt * np.exp(-share[table.predicted])
