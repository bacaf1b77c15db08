"""Boundary IoU: intersection over union of the bands along the borders of the true and of the predicted areas.

Paper: Cheng, Girshick, Dollar, Berg, Kirillov, "Boundary IoU", CVPR 2021, arXiv:2103.16562, equation 1.
Formula: for a class, G_d are its true pixels at distance <= d (chessboard) from a pixel that is not of the class or
    from the edge of the image, P_d the predicted ones; score = |G_d and P_d| / |G_d or P_d|.
    d = max(1, round(width * diagonal of the image)); the paper's width is 0.02.
Limits: equal maps give 1; a width that covers every area gives plain IoU; a class that is nowhere is NaN.
Differs: counts are summed over all images before dividing, as mIoU is, because a class need not be in every image.
    Pixels without truth neither count nor make a border: predictions there change nothing.
    One pass over all classes: a pixel is in its class's band where its window holds another label, which a running
    minimum and maximum tell.
Costs: O(pixels), whatever the width and the number of classes.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float64

from segmend.images.rasters import LabelMap, is_class
from segmend.metrics.confusion import mean, ratio


def band_width(shape: tuple[int, int], share: float) -> int:
    """The band's width in pixels for an image of this shape."""
    return max(1, round(share * float(np.hypot(*shape))))


def band(labels: LabelMap, valid: Bool[np.ndarray, "h w"], width: int) -> Bool[np.ndarray, "h w"]:
    """True where a valid pixel has another class, or the image's edge, within `width` pixels."""
    window = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    # What is not valid must never win: highest for the minimum, lowest for the maximum (class ids are below 254).
    lowest = cv2.erode(np.where(valid, labels, 255).astype(np.uint8), window)
    highest = cv2.dilate(np.where(valid, labels, 0).astype(np.uint8), window)
    boundary = (lowest < labels) | (highest > labels)
    boundary[:width] = boundary[-width:] = True
    boundary[:, :width] = boundary[:, -width:] = True
    return boundary & valid


class Boundary:
    """Pixels in both bands, in the true and in the predicted band, per class, over the images seen so far."""

    def __init__(self, classes: int, width: float):
        self.width = width
        self.both = np.zeros(classes, np.int64)
        self.true = np.zeros(classes, np.int64)
        self.predicted = np.zeros(classes, np.int64)

    def update(self, truth: LabelMap, prediction: LabelMap) -> None:
        """Count one image."""
        valid = is_class(truth)
        width = band_width(truth.shape, self.width)
        of_truth, of_prediction = band(truth, valid, width), band(prediction, valid, width)
        shared = of_truth & of_prediction & (truth == prediction)
        for counts, ids in (
            (self.both, truth[shared]),
            (self.true, truth[of_truth]),
            (self.predicted, prediction[of_prediction]),
        ):
            counts += np.bincount(ids, minlength=len(counts))

    def iou(self) -> Float64[np.ndarray, " k"]:
        """Boundary IoU per class; NaN for absent classes."""
        return ratio(self.both, self.true + self.predicted - self.both)

    def miou(self) -> float:
        """The mean over the classes that are present; NaN where none is."""
        return mean(self.iou())
