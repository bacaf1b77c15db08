"""No labels at all: active learning that starts from nothing.

Idea: every label is asked for; the given masks say only which pixels are void.
Limits: an image without a mask is unlabelled everywhere; the confidence is 0 everywhere.
Source: the setting of pool-based active learning for segmentation, e.g. Kim et al., Adaptive Superpixel for Active Learning in
    Semantic Segmentation, ICCV 2023, arXiv 2303.16817; Hwang et al., NeurIPS 2023, arXiv 2309.09319.
Differs: the first network is the untrained one, so the first round's questions are as good as random ones.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8

from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap
from segmend.images.regions import count
from segmend.stage.params import Method


class Blank(Method):
    name: Literal["blank"] = "blank"

    def __call__(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        mask: LabelMap | None,
        regions: RegionMap,
        classes: tuple[str, ...],
    ) -> tuple[LabelMap, Float64[np.ndarray, " k"]]:
        labels = np.full(regions.shape, UNLABELLED, np.uint8)
        if mask is not None:
            labels[mask == VOID] = VOID
        return labels, np.zeros(count(regions))
