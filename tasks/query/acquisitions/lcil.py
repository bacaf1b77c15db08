"""Look-ahead mean: mean doubt of the labels over the pixels that resemble the region's representative pixel.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024, arXiv
    2403.10820.
Formula, P(x) the network's probabilities, n(x) the current label (the most probable class where there is none):
    r = the pixel that best stands for the region (segmend/images/region_table.py), E = {x in region: cos(P(x), P(r)) >= eps},
    utility = mean over E of 1 - P_n(x)(x).
Limits: 0 where probabilities are one-hot and agree with the labels, below or equal to 1 always; twice the pixels change
    nothing. eps = 0 takes the whole region; a region of one pixel: the same as `cil`.
Differs: void pixels have no doubt (they are never corrected), and count among E. A mean, where `sim` is a sum: small
    regions that are wrong throughout come first.
Costs: O(classes * pixels), one pass.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import sum_by_region
from segmend.stage.params import Method


class Lcil(Method):
    name: Literal["lcil"] = "lcil"
    eps: float = Field(0.0, ge=0, le=1, description="pixels less similar to the representative than this are left out")

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        reached = scene.reached(self.eps)
        doubt = sum_by_region(np.where(reached, scene.doubt, 0), scene.regions)
        return {"doubt": doubt / np.maximum(sum_by_region(reached, scene.regions), 1)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return table.columns["doubt"].astype(np.float64)
