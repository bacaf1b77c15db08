"""The better mask is the one a network finds more likely on the pixels that the two dispute.

Idea: a network trained on other images (pseudo_label.network) has an opinion on every pixel; where the masks agree it is of
    no interest.
Formula: over the pixels that only one of the masks has: mean of logit P_k, positive for those of the first alone and
    negative for those of the second alone; above `margin` the first wins, below -margin the second.
Limits: P = 1/2 everywhere: neither wins. Equal masks: neither. Present is a class with P_k >= `seen` somewhere in the
    union.
Costs: O(pixels) for each comparison.
"""

from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import logit

from segmend.stage.params import Method


class Likelihood(Method):
    name: Literal["likelihood"] = "likelihood"
    margin: float = Field(0.1, ge=0, description="how far the mean log odds must be from 0")
    seen: float = Field(
        0.5, ge=0, le=1, description="probability that a pixel must reach for its class to be to be seen"
    )

    def present(self, image: np.ndarray, union: np.ndarray, k: int, probabilities: np.ndarray) -> bool:
        return bool(probabilities[k][union].max(initial=0) >= self.seen)

    def compare(
        self, image: np.ndarray, first: np.ndarray, second: np.ndarray, k: int, probabilities: np.ndarray
    ) -> int | None:
        odds = logit(np.clip(probabilities[k], 1e-6, 1 - 1e-6))
        disputed = first ^ second
        lean = float(np.where(first, odds, -odds)[disputed].mean()) if disputed.any() else 0.0
        return None if abs(lean) <= self.margin else int(lean < 0)
