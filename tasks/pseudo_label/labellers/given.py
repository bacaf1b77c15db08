"""The masks that came with the data, as they are.

Idea: most data sets to be mended have masks already: from a crowd, an old project, a model run elsewhere.
Limits: an image without a mask is unlabelled everywhere, with confidence 0.
Confidence: the share of a region's pixels that carry the region's majority label. It says how well one label stands for
    the region, not how likely that label is right.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8

from segmend.images.rasters import UNLABELLED, LabelMap, RegionMap
from segmend.images.regions import class_counts, count, majority
from segmend.stage.params import Method


class Given(Method):
    name: Literal["given"] = "given"

    def __call__(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        mask: LabelMap | None,
        regions: RegionMap,
        classes: tuple[str, ...],
    ) -> tuple[LabelMap, Float64[np.ndarray, " k"]]:
        if mask is None:
            return np.full(regions.shape, UNLABELLED, np.uint8), np.zeros(count(regions))
        return mask, majority(class_counts(mask, regions, len(classes)))[1]
