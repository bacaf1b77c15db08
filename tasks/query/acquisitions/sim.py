"""Look-ahead sum: doubt of the labels, summed over the pixels that resemble the region's representative pixel.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024, arXiv
    2403.10820.
Formula, P(x) the network's probabilities, n(x) the current label (the most probable class where there is none):
    r = the pixel that best stands for the region (segmend/images/region_table.py), doubt(x) = 1 - P_n(x)(x),
    E = {x in region: cos(P(x), P(r)) >= eps}, utility = sum over E of cos(P(x), P(r)) * doubt(x).
Limits: >= 0; equal probabilities everywhere: the sum of doubt; 0 where probabilities are one-hot and agree with the
    labels; twice the pixels, twice the utility. eps = 0 takes the whole region, since probabilities are not negative.
Differs: void pixels have no doubt (they are never corrected). A region's sum prefers large regions of frequent classes;
    that is the paper's definition and is kept.
Costs: O(classes * pixels), one pass.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import sum_by_region
from segmend.stage.params import Method


class Sim(Method):
    name: Literal["sim"] = "sim"
    eps: float = Field(0.0, ge=0, le=1, description="pixels less similar to the representative than this are left out")

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        gain = np.where(scene.reached(self.eps), scene.resemblance * scene.doubt, 0)
        return {"reach": sum_by_region(gain, scene.regions)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return table.columns["reach"].astype(np.float64)
