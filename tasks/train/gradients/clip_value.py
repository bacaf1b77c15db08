"""Cut each number of the gradient at a highest magnitude.

Paper: Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 10.11.1 (clipping element by element).
Formula: g <- min(max(g, -most), most)
Limits: `most` above max |g| changes nothing; `most` towards 0 is `most` times the sign: all numbers count alike. Signs never
    change, so it still leads down; the direction may change.
Library: torch.nn.utils.clip_grad_value_.
Costs: one pass over the gradients.
"""

from typing import Literal

from pydantic import Field
from torch import nn

from segmend.stage.params import Method


class ClipValue(Method):
    name: Literal["clip_value"] = "clip_value"
    most: float = Field(0.01, gt=0, description="highest magnitude of each number of the gradient")

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        nn.utils.clip_grad_value_(parameters, self.most)
