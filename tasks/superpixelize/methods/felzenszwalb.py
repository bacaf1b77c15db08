"""A graph of pixels cut where the difference across a border exceeds the differences inside: sizes follow the content.

Paper: Felzenszwalb and Huttenlocher, Efficient Graph-Based Image Segmentation, IJCV 2004, algorithm 1.
Formula: two components join while the weakest edge between them <= min over both of (largest inner edge + scale / size).
Limits: scale towards infinity joins what touches (a flat image is one region); `smallest` = image size is one region.
Differs: 4-connected pieces by our finishing step; the paper's graph is 8-connected, so some of its components split.
    It cannot be asked for a number of regions: `asked` is None, and the stage's check of the count does not apply.
Costs: O(pixels log pixels).
"""

from typing import Literal

import numpy as np
from jaxtyping import Bool, UInt8
from pydantic import Field
from skimage.segmentation import felzenszwalb

from segmend.images.rasters import RegionMap
from segmend.images.regions import relabel_connected
from segmend.stage.params import Method


class Felzenszwalb(Method):
    name: Literal["felzenszwalb"] = "felzenszwalb"
    scale: float = Field(50.0, gt=0, description="larger gives larger regions; try 10, 30, 100, 300")
    sigma: float = Field(0.5, ge=0, description="pixels of Gaussian smoothing before (the paper uses 0.8)")
    smallest: int = Field(20, ge=1, description="a piece below this many pixels joins a neighbour")

    def asked(self, valid: Bool[np.ndarray, "h w"]) -> None:
        return None

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], valid: Bool[np.ndarray, "h w"]) -> RegionMap:
        pieces = felzenszwalb(image, scale=self.scale, sigma=self.sigma, min_size=self.smallest, channel_axis=-1)
        return relabel_connected(pieces, valid, self.smallest)
