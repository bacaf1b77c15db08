"""Ask where the network's probabilities are spread over many classes.

Paper: Shannon entropy as uncertainty; Settles, Active Learning Literature Survey, 2009, section 3.1.
Formula: utility = mean over the region's pixels of -sum_c P_c ln P_c, in nats.
Limits: 0 where every pixel is sure, ln K where all K classes are equally probable everywhere.
Differs: the mean is over the region, so the size of a region does not matter. The current label is not looked at.
Costs: one logarithm per class and pixel.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from scipy.special import entr

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import mean_by_region
from segmend.stage.params import Method


class Entropy(Method):
    name: Literal["entropy"] = "entropy"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        spread = np.zeros(scene.regions.shape, np.float32)
        for channel in scene.probabilities:
            spread += entr(channel)
        return {"entropy": mean_by_region(spread, scene.regions)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        return table.columns["entropy"].astype(np.float64)
