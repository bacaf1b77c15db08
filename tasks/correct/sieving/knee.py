"""Keep an answer only at pixels above the knee of the region's sorted confidences.

Paper: Kim et al., Adaptive Superpixel for Active Learning in Semantic Segmentation, ICCV 2023 (ASAL): sieving.
Idea: the dominant class of a large region is wrong for the part that belongs to something else, and there the network,
    even a weak one, gives the answered class a low probability.
Formula: P_D(x) of the answered class D over the region, ascending, every (n / points)-th of them: a curve, scaled to
    0..1 both ways. Its knee is where it is farthest above the diagonal; kept are the pixels with P_D(x) >= the value
    there.
Limits: fewer than `min_cells` base cells, equal confidences, or a curve that is nowhere above the diagonal: all are
    kept. At least one pixel is kept.
Differs: the release finds the knee with kneed (S = 1), which takes the first local maximum of the same difference that
    is followed by a fall; we take the highest: the two are one where the curve has one bend. Its floor of 512 pixels is
    two of its base cells: `min_cells`. Its other pixels get no label (`rest` unlabelled); here they keep by default
    what they had.
Costs: a sort per region, and one pass of the network over the images with answers.
"""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32
from pydantic import Field

from segmend.stage.params import Method


class Knee(Method):
    name: Literal["knee"] = "knee"
    points: int = Field(20, ge=3, description="points of the curve")
    min_cells: int = Field(2, ge=1, description="base cells a region must cover to be sieved")
    rest: Literal["first", "unlabelled"] = Field(
        "first", description="the other pixels: as they were before the answer, or unlabelled (the paper's)"
    )

    def __call__(self, confidence: Float32[np.ndarray, " n"], cells: int) -> Bool[np.ndarray, " n"]:
        if cells < self.min_cells or len(confidence) < 3:
            return np.ones(len(confidence), bool)
        curve = np.sort(confidence)[:: max(1, len(confidence) // self.points)].astype(np.float64)
        span = curve[-1] - curve[0]
        if span == 0:
            return np.ones(len(confidence), bool)
        above = (curve - curve[0]) / span - np.linspace(0, 1, len(curve))
        return confidence >= curve[above.argmax()]  # the first of equals: the lowest where nothing is above
