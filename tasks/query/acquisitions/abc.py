"""Look-ahead sum with rare classes weighted up: doubt of the labels that one answer would reach, by class frequency.

Paper: adaptively balanced CIL: Jeon et al., A2LC: Active and Automated Label Correction for Semantic Segmentation, AAAI
    2026, arXiv 2506.11599.
Formula, P(x) the network's probabilities, n(x) the current label (the most probable class where there is none), m the
    mean of P over the region's pixels predicted as its dominant class, E = {x in region: cos(P(x), m) >= eps}:
    utility = sum over E of w_n(x) * cos(P(x), m) * (1 - P_n(x)(x)), w_c = (count_min / count_c)^(D^3),
    count_c the pixels of class c in regions not asked yet, count_min the least of those above 0, D the Kullback-Leibler
    divergence in nats of these counts from equal counts of the same classes.
Limits: all classes equally frequent: D = 0, w = 1, the plain look-ahead sum; the more uneven, the nearer to the rarest
    class alone. w is 1 for the rarest class and never above. Twice the pixels, twice the utility.
Differs: void pixels have no doubt and are not counted. Classes with no pixel left weigh 0, as in the released code.
Costs: O(classes * pixels), one pass; the table holds twice K numbers more per region.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import class_counts, sum_by_class
from segmend.stage.params import Method


class Abc(Method):
    name: Literal["abc"] = "abc"
    eps: float = Field(0.0, ge=0, le=1, description="pixels less similar to the mean than this are left out")

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        gain = np.where(scene.centrality >= self.eps, scene.centrality * scene.doubt, 0)
        shown = np.where(scene.labels == VOID, scene.labels, scene.named)
        return {
            "reach": sum_by_class(gain, shown, scene.regions, scene.classes).astype(np.float32),
            "pixels": class_counts(shown, scene.regions, scene.classes)[:, : scene.classes].astype(np.int32),
        }

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        counts = table.columns["pixels"][table.asked == 0].sum(axis=0, dtype=np.float64)
        return table.columns["reach"] @ weights(counts)


def weights(counts: Float64[np.ndarray, " classes"]) -> Float64[np.ndarray, " classes"]:
    """w_c from the pixels of each class; 0 for a class without pixels."""
    weight = np.zeros(len(counts))
    there = counts > 0
    if there.any():
        share = counts[there] / counts.sum()
        divergence = np.sum(share * np.log(share * there.sum()))
        weight[there] = (share.min() / share) ** (max(divergence, 0) ** 3)
    return weight
