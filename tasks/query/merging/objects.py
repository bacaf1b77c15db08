"""Objects as regions, and the base cells where there are none.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024, arXiv 2403.10820: one query
    is one object mask of the labeller.
Formula: where the labeller drew single objects (labels/objects), each 4-connected piece of one object is a region; else each
    4-connected piece of one label. A piece of more than `largest` of the image (background, road) and all other pixels keep
    the base cells. Pieces below `smallest` pixels join the neighbour with the longest common border.
Limits: largest = 0: the base cells, cut where labels change; largest = 1: no cell of an object is left.
Differs: ALC's release never asks about pixels without a mask, so an object that was missed stays missed; here they are
    asked in superpixels. Read off a label map, two touching objects of one class are one region.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import NO_REGION, RegionMap, is_class
from segmend.images.region_table import Scene
from segmend.images.regions import areas, count, in_pieces, relabel_connected
from segmend.stage.params import Method


class Objects(Method):
    name: Literal["objects"] = "objects"
    largest: float = Field(0.05, ge=0, le=1, description="a piece above this share of the image is asked in cells")
    smallest: int = Field(8, ge=1, description="pixels of the smallest region that is worth a question")

    def __call__(self, scene: Scene) -> RegionMap:
        valid = scene.regions != NO_REGION
        if scene.objects is None:
            pieces = in_pieces(scene.labels, valid & is_class(scene.labels))
        else:
            pieces = in_pieces(scene.objects, valid & (scene.objects != NO_REGION))
        whole = areas(pieces) <= self.largest * valid.sum()
        drawn = (pieces != NO_REGION) & np.append(whole, False)[pieces]
        # A cell that lies in two large pieces is cut where the label changes: a question shows one label.
        cells = in_pieces(scene.labels.astype(np.int64) * (count(scene.regions) + 1) + scene.regions, valid & ~drawn)
        return relabel_connected(np.where(drawn, pieces + count(cells), cells), valid, self.smallest)
