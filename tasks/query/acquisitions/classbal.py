"""Ask where two classes compete, classes that few regions are predicted as first.

Paper: Cai et al., Revisiting Superpixels for Active Learning in Semantic Segmentation with Realistic Annotation Costs,
    CVPR 2021.
Formula: utility = U * exp(-q_c), U the mean over the region's pixels of p2 / p1 (best versus second best), c the
    region's dominant predicted class, q_c the share of all REGIONS whose dominant predicted class is c.
Limits: between 0 (every pixel sure) and 1; one predicted class everywhere: U / e, the order of U alone.
Differs: the ratio p2 / p1, where `margin` is the difference; `class_balanced` is chance and does not look at doubt.
    Regions asked before count in the shares.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class Classbal(Method):
    name: Literal["classbal"] = "classbal"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"ratio": scene.ratios}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        share = np.bincount(table.predicted) / max(len(table), 1)
        return table.columns["ratio"] * np.exp(-share[table.predicted])
