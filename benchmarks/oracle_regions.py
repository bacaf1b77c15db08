"""Oracle superpixels: base cells merged by their true class. An upper bound on what merging can give; no method may see the truth."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from segmend.images.dataset import Dataset
from segmend.images.rasters import NO_REGION, LabelMap, Maps, RegionMap
from segmend.images.region_table import Scene
from segmend.images.regions import class_counts, count, majority, neighbours


class Oracle:
    """In the place of query.merging: neighbours of the same most frequent true class become one region (ASAL, section 4)."""

    name = "oracle"

    def __init__(self, dataset: Path, truth: Path, regions: Path):
        data, cells = Dataset(dataset, truth), Maps(regions)
        # A scene does not say which image it is; its cells do.
        self.truth = {digest(cells[sample.id]): data.truth(sample.id) for sample in data.of("train")}

    def __call__(self, scene: Scene) -> RegionMap:
        return merged(scene.regions, self.truth[digest(scene.regions)], scene.classes)


def merged(regions: RegionMap, truth: LabelMap, classes: int) -> RegionMap:
    """Dense ids of the merged regions, in the order of their first cells; NO_REGION where the cells have it."""
    named = majority(class_counts(truth, regions, classes))[0]
    pairs = neighbours(regions)
    same = pairs[named[pairs[:, 0]] == named[pairs[:, 1]]]
    size = count(regions)
    graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(size, size))
    group = connected_components(graph, directed=False)[1]
    present = np.unique(regions[regions >= 0])
    dense = np.full(size + 1, NO_REGION, np.int32)
    dense[present] = np.unique(group[present], return_inverse=True)[1]
    return dense[regions]  # -1, no region, is the last


def digest(regions: RegionMap) -> bytes:
    return sha256(np.ascontiguousarray(regions).tobytes() + repr(regions.shape).encode()).digest()
