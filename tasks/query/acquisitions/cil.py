"""Ask where the network gives the label the lowest probability, at the region's representative pixel.

Paper: confidence in label: Lad and Mueller, Estimating Label Quality and Errors in Semantic Segmentation Data via Any
    Model, 2023; at a region's representative pixel: Kim et al., Active Label Correction for Semantic Segmentation with
    Foundation Models, ICML 2024, arXiv 2403.10820.
Formula, P(x) the network's probabilities, n(x) the current label (the most probable class where there is none), r the
    pixel that best stands for the region (segmend/images/region_table.py): utility = 1 - P_n(r)(r).
Limits: 0 where r is sure and agrees with its label, 1 where it is sure of another class. One pixel decides, whatever
    the size.
Differs: where r is void the utility is 0: void is never corrected.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class Cil(Method):
    name: Literal["cil"] = "cil"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"doubt": np.where(scene.areas > 0, scene.doubt.ravel()[scene.representative], 0)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return table.columns["doubt"].astype(np.float64)
