"""Thresholds of brightness that split the foreground into classes with the least spread inside each.

Paper: Otsu, A threshold selection method from gray-level histograms, 1979; for several thresholds: Liao, Chen and Chung,
    A fast algorithm for multilevel thresholding, 2001.
Formula: thresholds maximise sum over classes of share * (mean - overall mean)^2, over the pixels brighter than `floor`.
Idea: foreground is what is brighter than `floor` (in brain scans: the head on black); its classes run from dark to bright.
Limits: one class in `classes` needs no threshold: the labels are foreground against background.
Differs: thresholds are found per image, so images of different exposure need no common scale. An image with fewer grey
    values in its foreground than classes gets as many classes, the darkest first.
    Pixels that the given mask calls void stay void; the rest of the given mask is not looked at.
Confidence: as in `given`: the share of a region's pixels that carry the region's majority label.
Costs: O(pixels) for the histogram, then bins^(classes - 1) at most.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, UInt8
from pydantic import Field
from skimage.filters import threshold_multiotsu

from segmend.images.rasters import VOID, LabelMap, RegionMap
from segmend.images.regions import class_counts, majority
from segmend.stage.params import Method


class MultiOtsu(Method):
    name: Literal["multi_otsu"] = "multi_otsu"
    background: str = Field(
        "", description="class of pixels not brighter than `floor`; empty: the first class of the data"
    )
    classes: tuple[str, ...] = Field(
        (), description="classes of the foreground from dark to bright; empty: all others in the data set's order"
    )
    floor: int = Field(0, ge=0, le=254, description="grey values (0..255) up to this one are background")
    bins: int = Field(
        256, ge=2, le=256, description="bins of the histogram; fewer are faster with five classes and more"
    )

    def __call__(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        mask: LabelMap | None,
        regions: RegionMap,
        classes: tuple[str, ...],
    ) -> tuple[LabelMap, Float64[np.ndarray, " k"]]:
        outside, inside = self.ids(classes)
        grey = image.mean(axis=2)
        labels = np.full(grey.shape, outside, np.uint8)
        head = grey > self.floor
        labels[head] = inside[np.digitize(grey[head], self.thresholds(grey[head], len(inside)))]
        if mask is not None:
            labels[mask == VOID] = VOID
        return labels, majority(class_counts(labels, regions, len(classes)))[1]

    def thresholds(self, values: Float64[np.ndarray, " n"], count: int) -> Float64[np.ndarray, " t"]:
        """Up to count - 1 ascending thresholds; a value belongs to the class above a threshold from there on."""
        possible = min(count, len(np.unique(values)))
        if possible < 2:
            return np.zeros(0) if count == 1 or not len(values) else np.full(1, np.inf)
        if possible == count and len(np.unique(values)) > count:
            # The library's threshold is the middle of the lower class's last bin; pixels above that middle belong to it too.
            half = (values.max() - values.min()) / self.bins / 2
            return threshold_multiotsu(values, classes=count, nbins=self.bins) + half
        return np.unique(values)[1:]

    def ids(self, classes: tuple[str, ...]) -> tuple[int, UInt8[np.ndarray, " n"]]:
        """The ids of the background and of the foreground's classes, or a ValueError naming the undeclared class."""
        outside = self.background or classes[0]
        inside = self.classes or tuple(name for name in classes if name != outside)
        for name in (outside, *inside):
            if name not in classes:
                raise ValueError(
                    f"pseudo_label.labeller.multi_otsu names the class '{name}', which the data set does not have: "
                    f"allowed are {', '.join(classes)}"
                )
        return classes.index(outside), np.array([classes.index(name) for name in inside], np.uint8)
