"""Ask where the network's best class has little probability.

Paper: Lewis and Gale, A Sequential Algorithm for Training Text Classifiers, SIGIR 1994; Settles, Active Learning
    Literature Survey, 2009, section 3.1.
Formula: utility = 1 - mean over the region's pixels of max_c P_c.
Limits: 0 where every pixel is sure, 1 - 1/K where all K classes are equally probable everywhere.
Differs: the mean is over the region, so the size of a region does not matter. The current label is not looked at.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import mean_by_region
from segmend.stage.params import Method


class LeastConfidence(Method):
    name: Literal["least_confidence"] = "least_confidence"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"confidence": mean_by_region(scene.confidence, scene.regions)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return 1.0 - table.columns["confidence"].astype(np.float64)
