"""Expected calibration error: how far the network's confidence is from its share of right pixels.

Paper: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, arXiv:1706.04599, equation 3.
Formula: pixels fall into equal bins of confidence (the probability of the predicted class);
    error = sum over bins of (pixels in bin / pixels) * |share of right pixels - mean confidence|.
Limits: 0 where every bin's confidence is its accuracy; 1 for a network that is sure and always wrong.
Differs: every pixel with truth counts alike, over all images at once (the paper has one prediction per image).
Costs: three sums per bin, streaming.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64

from segmend.metrics.confusion import ratio


class Calibration:
    """Pixels, summed confidence and right pixels per bin of confidence."""

    def __init__(self, bins: int):
        self.pixels = np.zeros(bins, np.int64)
        self.confidence = np.zeros(bins)
        self.right = np.zeros(bins, np.int64)

    def update(self, confidence: Float32[np.ndarray, " n"], right: Bool[np.ndarray, " n"]) -> None:
        """Count pixels with truth: their confidence in 0..1, and whether the predicted class is the true one."""
        bins = len(self.pixels)
        index = np.minimum((confidence * bins).astype(np.intp), bins - 1)
        self.pixels += np.bincount(index, minlength=bins)
        self.confidence += np.bincount(index, weights=confidence, minlength=bins)
        self.right += np.bincount(index[right], minlength=bins)

    def accuracy(self) -> Float64[np.ndarray, " bins"]:
        """Share of right pixels per bin; NaN for empty bins."""
        return ratio(self.right, self.pixels)

    def mean_confidence(self) -> Float64[np.ndarray, " bins"]:
        """Mean confidence per bin; NaN for empty bins."""
        return ratio(self.confidence, self.pixels)

    def error(self) -> float:
        """The expected calibration error; NaN where nothing was counted."""
        return float(ratio(np.abs(self.right - self.confidence).sum(), self.pixels.sum()))
