"""Features of regions: colour, or what an ImageNet network sees, as a mean over each region."""

from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8
from scipy.sparse import csr_array
from skimage.color import rgb2lab

from segmend.images.rasters import NO_REGION, RegionMap
from segmend.images.regions import areas, mean_by_region
from segmend.network.features import corners, feature_maps
from segmend.network.lite0 import lite0, weights_file
from segmend.network.pretrained import digest
from tasks.pseudo_label.labellers._model import LabellerContext

WEIGHTS = "pseudo_label.labeller.prototypes.weights"


def colour(image: UInt8[np.ndarray, "h w 3"], regions: RegionMap) -> Float64[np.ndarray, "k 6"]:
    """Mean and deviation of lightness and the two colour axes (CIE Lab)."""
    lab = np.moveaxis(rgb2lab(image), 2, 0)
    mean = mean_by_region(lab, regions)
    spread = mean_by_region(lab**2, regions) - mean**2
    return np.concatenate([mean, np.sqrt(spread.clip(0))], axis=1)


class Lite0:
    """The means over regions of EfficientNet-Lite0's feature maps, each taken bilinearly to the image's size."""

    def __init__(self, given: str, enlarge: int, context: LabellerContext):
        file = weights_file(given, WEIGHTS)
        self.network = lite0(file, WEIGHTS, features_only=True, out_indices=(1, 2, 3)).to(context.device)
        self.enlarge, self.context = enlarge, context
        self.card = {"id": "efficientnet_lite0, ImageNet", "revision": None, "sha256": {file.name: digest(file)}}

    def __call__(self, image: UInt8[np.ndarray, "h w 3"], regions: RegionMap) -> Float64[np.ndarray, "k d"]:
        maps = feature_maps(self.network, image, self.enlarge, self.context.device, self.context.precision)
        return np.concatenate(
            [pooling(regions, level.shape[1:]) @ level.reshape(len(level), -1).T for level in maps], axis=1
        )


def pooling(regions: RegionMap, coarse: tuple[int, int]) -> Any:
    """Sparse (k, a * b): coarse maps times this are the regions' means of the maps enlarged bilinearly."""
    height, width = regions.shape
    places = np.flatnonzero(regions.ravel() != NO_REGION)
    ids, sizes = regions.ravel()[places], areas(regions)
    rows, columns = places // width, places % width
    top, down = corners(rows, height, coarse[0])
    left, right = corners(columns, width, coarse[1])
    cells = [
        y * coarse[1] + x
        for y in (top, np.minimum(top + 1, coarse[0] - 1))
        for x in (left, np.minimum(left + 1, coarse[1] - 1))
    ]
    shares = [y * x for y in (1 - down, down) for x in (1 - right, right)]
    values = np.concatenate(shares) / np.tile(sizes[ids], 4)
    return csr_array((values, (np.tile(ids, 4), np.concatenate(cells))), shape=(len(sizes), coarse[0] * coarse[1]))
