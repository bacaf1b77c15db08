"""The better mask has its border where the image has edges.

Idea: annotators err about borders; the image knows where something ends. A judge without any network.
Formula: score = mean of the image's gradient (Sobel, brightness, scaled by the image's mean gradient) over the mask's
    border pixels, inside and outside; the first wins if its score is more than `margin` above the second's.
Limits: an image of one colour: neither wins. An empty mask scores 1, the mean edge, so that a mask on flat ground
    loses to it. Present is a class whose border scores at least `seen`.
Costs: one Sobel and four shifts of the mask, for each comparison.
"""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.ndimage import sobel

from segmend.images.regions import edges as borders
from segmend.stage.params import Method


class Edges(Method):
    name: Literal["edges"] = "edges"
    margin: float = Field(
        0.1, ge=0, description="how much stronger the better border must be, in mean gradients of the image"
    )
    seen: float = Field(
        1.0, ge=0, description="strength of the border, in mean gradients, from which a class is to be seen"
    )

    def present(self, image: np.ndarray, union: np.ndarray, k: int, probabilities: np.ndarray | None) -> bool:
        return score(image, union) >= self.seen

    def compare(
        self, image: np.ndarray, first: np.ndarray, second: np.ndarray, k: int, probabilities: np.ndarray | None
    ) -> int | None:
        difference = score(image, first) - score(image, second)
        return None if abs(difference) <= self.margin else int(difference < 0)


def score(image: np.ndarray, mask: np.ndarray) -> float:
    grey = image.mean(axis=2)
    strength = np.hypot(sobel(grey, axis=0), sobel(grey, axis=1))
    near = borders(mask)
    near[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    near[1:] |= mask[1:] != mask[:-1]
    overall = strength.mean()
    return float(strength[near].mean() / overall) if near.any() and overall > 0 else 1.0
