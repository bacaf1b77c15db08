"""Give the gradient of each layer mean 0 and deviation 1, so that its scale no longer matters.

Paper: Yun, ZNorm, arXiv 2408.01215.
Formula: g <- (g - mean(g)) / (deviation(g) + eps), over all numbers of one weight tensor; the deviation is the biased one
Limits: a loss times 1000 gives the same steps; a gradient of 0 stays 0; <g, new g> >= 0, so it still leads down. Where
    deviation(g) is not far above eps, eps decides: gradients of 1e-10 come out with deviation 0.01.
Differs: which tensors are meant, eps and the order with clipping are not told in what we could read. Here: tensors with more
    than one axis and more than one number (biases, norms' weights and single numbers stay as they are), after unscaling
    and in the order of train.gradients. Weight decay must stand apart from the gradient, which would drown it: adamw, or
    sgd with `decoupled`.
Costs: two passes over the gradients. With sgd a learning rate far below the usual (1/50 in a toy run): steps no longer shrink
    with the gradient. Under adamw, which divides by the gradient's size already, expect little. Not for weights that few
    pixels reach: a gradient with one number other than 0 becomes dense.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from segmend.stage.params import Method


class ZNorm(Method):
    name: Literal["znorm"] = "znorm"
    eps: float = Field(1e-8, gt=0, le=1, description="added to the deviation: gradients far smaller are not blown up")

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        for gradient in (p.grad for p in parameters if p.grad is not None and p.ndim > 1 and p.numel() > 1):
            deviation, mean = torch.std_mean(gradient, correction=0)
            gradient.sub_(mean).div_(deviation + self.eps)
