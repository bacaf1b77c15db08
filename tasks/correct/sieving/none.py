"""Keep every answer for the whole of its region.

Idea: the answer is about the whole region; no network is needed to apply it.
Limits: every pixel is kept, whatever the network predicts.
Costs: nothing; the network is not loaded.
"""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Float32

from segmend.stage.params import Method


class Nothing(Method):
    rest: ClassVar[Literal["first", "unlabelled"]] = "first"

    name: Literal["none"] = "none"

    def __call__(self, confidence: Float32[np.ndarray, " n"], cells: int) -> Bool[np.ndarray, " n"]:
        return np.ones(len(confidence), bool)
