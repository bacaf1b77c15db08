"""Merge cells of similar mean prediction, each compared with the root cell of its region, from the most uncertain cells on.

Paper: Kim et al., Adaptive Superpixel for Active Learning in Semantic Segmentation, ICCV 2023, arXiv 2303.16817.
Formula, f(s) the mean probabilities of a base cell, u(s) the mean of p2 / p1 (best versus second best) over it:
    cells are visited by falling u; one that belongs to no region yet is a root r, and takes every free cell v that is
    reached from r over touching cells with distance(f(r), f(v)) < eps, where distance = sqrt(Jensen-Shannon divergence,
    in nats).
Limits: eps = 0: the base cells; eps above sqrt(ln 2) = 0.833: one region per connected piece of the valid area.
    Compared is always with the root, so a region does not drift; each cell is merged at most once; numbering matters
    only between equal u. share = 0: the base cells; share = 1: no limit.
Differs: `share` is the budgeted variant (0.1 there, counted over cells); where it ends within one ring of neighbours,
    the nearest to the root are taken. The network is not run at half resolution. Regions are as connected as their
    cells are.
Costs: O(classes * edges between cells) and a few calls per root that grows; about 0.1 s for 8,192 cells beside the pass
    over the pixels.
"""

from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int32, Int64
from pydantic import Field
from scipy.special import xlogy

from segmend.images.rasters import NO_REGION, RegionMap
from segmend.images.region_table import Scene
from segmend.images.regions import neighbours
from segmend.stage.params import Method


class RootAnchored(Method):
    name: Literal["root_anchored"] = "root_anchored"
    eps: float = Field(0.1, ge=0, description="cells less distant than this from a region's root join it (0..0.833)")
    share: float = Field(1.0, ge=0, le=1, description="at most this share of an image's cells is absorbed by others")

    def __call__(self, scene: Scene) -> RegionMap:
        roots = self.grown(scene.means, scene.ratios, neighbours(scene.regions))
        present = np.flatnonzero(scene.areas > 0)  # an id that no pixel carries is dropped
        dense = np.full(len(roots) + 1, NO_REGION, np.int32)
        dense[present + 1] = numbered(roots[present])
        return dense.take(scene.slots).reshape(scene.regions.shape)

    def grown(
        self, means: Float64[np.ndarray, "k classes"], doubt: Float64[np.ndarray, " k"], pairs: Int32[np.ndarray, "e 2"]
    ) -> Int64[np.ndarray, " k"]:
        """The root of each cell (itself where nothing took it)."""
        k = len(means)
        surprise = xlogy(means, means).sum(axis=1)
        roots, left, free = list(range(k)), int(self.share * k + 1e-9), [True] * k

        def distances(a: np.ndarray | int, b: np.ndarray | list[int]) -> np.ndarray:
            middle = (means[a] + means[b]) / 2
            return np.sqrt(np.maximum((surprise[a] + surprise[b]) / 2 - xlogy(middle, middle).sum(axis=-1), 0))

        near = pairs[distances(pairs[:, 0], pairs[:, 1]) < self.eps]
        around, close = touching(pairs, k), touching(near, k)
        for root in np.argsort(-doubt, kind="stable").tolist():
            if not free[root]:
                continue
            free[root] = False  # a root that cannot grow is no longer free either
            ring = [cell for cell in close[root] if free[cell]]
            tried = set(around[root])
            while ring and left:  # rings are a handful of cells: lists are faster than arrays here
                if len(ring) > left:
                    ring = [ring[n] for n in np.argsort(distances(root, ring), kind="stable")[:left]]
                for cell in ring:
                    roots[cell], free[cell] = root, False
                left -= len(ring)
                further = sorted({v for cell in ring for v in around[cell] if free[v]} - tried)
                tried.update(further)
                far = distances(root, further).tolist() if further else []
                ring = [cell for cell, distance in zip(further, far, strict=True) if distance < self.eps]
        return np.array(roots, np.int64)


def touching(pairs: Int32[np.ndarray, "e 2"], k: int) -> list[list[int]]:
    """The neighbours of each cell, ascending."""
    start, goal = np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64).T
    order = np.lexsort((goal, start))
    goals, ends = goal[order].tolist(), np.searchsorted(start[order], np.arange(k + 1)).tolist()
    return [goals[a:b] for a, b in pairwise(ends)]


def numbered(roots: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " k"]:
    """Dense ids for groups, in the order in which their lowest members come."""
    _, first, group = np.unique(roots, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[group]
