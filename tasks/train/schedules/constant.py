"""The learning rate stays as it is.

Formula: 1
Idea: for a baseline, or where another program changes the rate.
Limits: none; polynomial with power 0 and cosine with floor 1 are the same.
"""

from typing import Literal

from segmend.stage.params import Method


class Constant(Method):
    name: Literal["constant"] = "constant"

    def __call__(self, progress: float) -> float:
        return 1.0
