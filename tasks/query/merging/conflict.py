"""Regions are the connected components where label and prediction disagree; elsewhere the base cells.

Paper: ours. ASAL (Kim et al., ICCV 2023, arXiv 2303.16817) lets regions follow the network; these follow label and network.
Idea: mistakes in masks are objects and strips with one wrong class; they do not end where superpixels end. Where the network
    says another class than the label, the outline of that disagreement is the best guess at the outline of the mistake.
Formula: a conflict is a 4-connected piece of pixels with one label a, one predicted class b, a != b; each is a region. The
    base cells lose those pixels; what is left of them are regions too. A piece below `smallest` pixels is no conflict; what is
    left of a cell and is that small joins the cell with the longest common border, never a conflict.
Limits: network and labels agree everywhere: the base cells. `smallest` = 1: every conflicting pixel is in a conflict.
Differs: a remainder of a cell that has conflicts alone around it stays a small region. Pixels without a label are in no conflict and stay in their base cells.
Costs: O(pixels), a connected-component pass.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import NO_REGION, RegionMap, is_class
from segmend.images.region_table import Scene
from segmend.images.regions import areas, count, in_pieces, relabel_connected
from segmend.stage.params import Method


class Conflict(Method):
    name: Literal["conflict"] = "conflict"
    smallest: int = Field(8, ge=1, description="pixels of the smallest region that is worth a question")

    def __call__(self, scene: Scene) -> RegionMap:
        valid = scene.regions != NO_REGION
        disagree = valid & is_class(scene.labels) & (scene.labels != scene.predicted)
        pairs = scene.labels.astype(np.int64) * scene.classes + scene.predicted
        pieces = in_pieces(pairs, disagree)
        conflict = disagree & np.append(areas(pieces) >= self.smallest, False)[pieces]  # the last: no piece
        cells = relabel_connected(scene.regions, valid & ~conflict, self.smallest)
        return relabel_connected(np.where(conflict, pieces + count(cells), cells), valid)
