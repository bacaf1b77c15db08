"""Blocks of a grid exchange smaller and smaller blocks at their borders while colour histograms become purer.

Paper: Van den Bergh et al., SEEDS: Superpixels Extracted via Energy-Driven Sampling, IJCV 2015.
Formula: maximise sum over regions and bins of histogram^2 (+ a smoothing prior on the borders).
Limits: iterations only sharpen; the number of regions is that of the coarsest grid, so it comes in steps (300 asked on
    96x96 pixels: 256 or 144). `levels` is taken as the most levels: fewer are used where many would give less than four
    fifths of the regions that one level gives.
    The library hangs or crashes on what it cannot grid, so that is refused here: sides below 8 pixels, or more than one
    region for 4 pixels. A region is at most a third of the shorter side wide, however few are asked for.
Differs: Lab colour (as SLIC) instead of RGB or HSV; pieces made connected by our finishing step. Needs OpenCV's contrib
    modules (opencv-contrib-python-headless).
Costs: O(pixels * iterations), real-time in the paper.
"""

from math import ceil
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, UInt8
from pydantic import Field

from segmend.images.rasters import RegionMap
from segmend.images.regions import relabel_connected
from segmend.stage.params import Method


class Seeds(Method):
    name: Literal["seeds"] = "seeds"
    regions: int = Field(400, ge=1, le=1_000_000, description="regions per image, rounded down to a grid")
    levels: int = Field(4, ge=1, le=10, description="at most this many block sizes, each twice the last")
    prior: int = Field(2, ge=0, le=5, description="smoothness of borders, 0 for none")
    bins: int = Field(5, ge=2, le=16, description="histogram bins per channel")
    iterations: int = Field(10, ge=1, le=1000, description="passes over the pixels")
    smallest: float = Field(0.25, ge=0, le=1, description="a piece below this share of the mean size joins a neighbour")

    def asked(self, valid: Bool[np.ndarray, "h w"]) -> int:
        return max(1, round(self.regions * float(valid.mean())))

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], valid: Bool[np.ndarray, "h w"]) -> RegionMap:
        made = self.grid(*valid.shape)
        made.iterate(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), self.iterations)
        return relabel_connected(made.getLabels(), valid, round(self.smallest * valid.size / self.regions))

    def grid(self, height: int, width: int) -> "cv2.ximgproc.SuperpixelSEEDS":
        if min(height, width) < 8 or 4 * self.regions > height * width:
            raise ValueError(
                f"superpixelize.method.seeds cannot cut an image of {height} x {width} pixels into {self.regions} regions: it "
                "needs sides of 8 pixels and 4 pixels a region; ask for fewer regions, or use slic"
            )
        wanted = max(self.regions, ceil(9 * max(height, width) / min(height, width)))

        def make(levels: int) -> "cv2.ximgproc.SuperpixelSEEDS":
            return cv2.ximgproc.createSuperpixelSEEDS(width, height, 3, wanted, levels, self.prior, self.bins, False)

        enough = 0.8 * make(1).getNumberOfSuperpixels()
        return next(made for made in map(make, range(self.levels, 0, -1)) if made.getNumberOfSuperpixels() >= enough)
