"""Ask where two classes compete, each pixel weighted by how rare its predicted class is.

Paper: PixBal: Hwang et al., Active Learning for Semantic Segmentation with Multi-class Label Query, NeurIPS 2023, arXiv
    2309.09319.
Formula: utility = mean over the region's pixels of p2 / p1 * w_c(x), c(x) the pixel's predicted class,
    w_c = (nu * P(c) + 1)^-2, P(c) the mean probability of class c over all pixels of the train split's regions.
Limits: nu = 0: the mean of p2 / p1; w(0) = 1, and w falls as P(c) grows; 0 where every pixel is sure.
Differs: nu = 6 is the paper's for Cityscapes (12 for PASCAL VOC). No output stands for "undefined" here, so no region
    is set to 0 for it. Regions asked before count in P(c).
Costs: the table holds K numbers more per region.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import sum_by_class
from segmend.stage.params import Method


class Pixbal(Method):
    name: Literal["pixbal"] = "pixbal"
    nu: float = Field(6.0, ge=0, description="how strongly frequent classes are weighted down")

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        sums = sum_by_class(scene.ratio, scene.predicted, scene.regions, scene.classes)
        return {"ratio": (sums / np.maximum(scene.areas, 1)[:, None]).astype(np.float32)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        share = table.area @ table.means.astype(np.float64) / max(table.area.sum(), 1)
        return table.columns["ratio"] @ (self.nu * share + 1) ** -2
