"""Shorten the whole gradient to a highest length.

Paper: Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013, arXiv 1211.5063, algorithm 1.
Formula: g <- g * min(1, most / ||g||), one norm over all weights together
Limits: `most` above ||g|| changes nothing; the direction never changes.
Library: torch.nn.utils.clip_grad_norm_.
Costs: one pass over the gradients.
"""

from typing import Literal

from pydantic import Field
from torch import nn

from segmend.stage.params import Method


class ClipNorm(Method):
    name: Literal["clip_norm"] = "clip_norm"
    most: float = Field(1.0, gt=0, description="highest length of the gradient, over all weights together")

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        nn.utils.clip_grad_norm_(parameters, self.most)
