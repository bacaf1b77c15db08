"""The learning rate falls along half a cosine: slowly at first, fast in the middle, slowly at the end.

Paper: Loshchilov, Hutter, SGDR, ICLR 2017, arXiv 1608.03983, equation 5, without restarts.
Formula: floor + (1 - floor) * (1 + cos(pi * progress)) / 2
Limits: 1 at the start, floor at the end, half-way between in the middle; floor 1 = constant.
"""

from math import cos, pi
from typing import Literal

from pydantic import Field

from segmend.stage.params import Method


class Cosine(Method):
    name: Literal["cosine"] = "cosine"
    floor: float = Field(0.0, ge=0, le=1, description="the factor at the end")

    def __call__(self, progress: float) -> float:
        return self.floor + (1 - self.floor) * (1 + cos(pi * progress)) / 2
