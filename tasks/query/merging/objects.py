"""The objects that the labels draw as regions, and plain superpixels where they draw none.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024, arXiv 2403.10820: one query
    is one object mask of the labeller.
Formula: each 4-connected piece of one label is a region; a piece of more than `largest` of the image (background, road) and
    pixels without a label keep the base cells. Pieces below `smallest` pixels join the neighbour with the longest
    common border.
Limits: largest = 0: the base cells, cut where labels change; largest = 1: no cell of a labelled pixel is left.
Differs: ALC's release never asks about pixels without a mask, so an object that was missed stays missed; here they are
    asked in superpixels. Its masks are those of the detector; here they are read off the label map, so two touching
    objects of one class are one region.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from tasks.params import Method
from tasks.rasters import NO_REGION, RegionMap, is_class
from tasks.regions import areas, count, in_pieces, relabel_connected
from tasks.table import Scene


class Objects(Method):
    name: Literal["objects"] = "objects"
    largest: float = Field(0.05, ge=0, le=1, description="a piece above this share of the image is asked in cells")
    smallest: int = Field(8, ge=1, description="pixels of the smallest region that is worth a question")

    def __call__(self, scene: Scene) -> RegionMap:
        valid = scene.regions != NO_REGION
        pieces = in_pieces(scene.labels, valid & is_class(scene.labels))
        whole = areas(pieces) <= self.largest * valid.sum()
        drawn = (pieces != NO_REGION) & np.append(whole, False)[pieces]
        # A cell that lies in two large pieces is cut where the label changes: a question shows one label.
        cells = in_pieces(scene.labels.astype(np.int64) * (count(scene.regions) + 1) + scene.regions, valid & ~drawn)
        return relabel_connected(np.where(drawn, pieces + count(cells), cells), valid, self.smallest)
