"""The learning rate falls to 0 as a power of what is left of training.

Paper: Chen et al., DeepLab, TPAMI 2018, arXiv 1606.00915, section 4.1 ("poly" policy).
Formula: (1 - progress) ** power
Limits: power 0 = constant; power 1 = a straight line to 0.
"""

from typing import Literal

from pydantic import Field

from segmend.stage.params import Method


class Polynomial(Method):
    name: Literal["polynomial"] = "polynomial"
    power: float = Field(0.9, ge=0, le=10, description="0.9 in the paper")

    def __call__(self, progress: float) -> float:
        return (1 - progress) ** self.power
