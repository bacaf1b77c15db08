"""Cut the largest numbers of each tensor's gradient down to a quantile of their magnitudes.

Paper: Pan, Li, Toward Understanding Why Adam Converges Faster Than SGD for Transformers, arXiv 2306.00204 (coordinate-wise
    clipping: few coordinates cause most of the sharpness along the step).
Formula: g <- min(max(g, -c), c);  c = the smallest magnitude in the tensor that at least `quantile` of its n numbers do not exceed
    (number ceil(quantile * n) in ascending order)
Limits: quantile 1 changes nothing; towards 0 it is sign descent, times each tensor's smallest magnitude. The step follows the
    loss's scale: a loss times 10 gives ten times c. Signs never change, so it still leads down.
Differs: one threshold per tensor, so that a layer with large gradients is not cut alone. Tensors of one number stay as they are.
Costs: the largest (1 - quantile) * n magnitudes of each tensor are found anew at each step.
"""

from math import ceil
from typing import Literal

from pydantic import Field
from torch import nn

from segmend.stage.params import Method


class ClipQuantile(Method):
    name: Literal["clip_quantile"] = "clip_quantile"
    quantile: float = Field(0.9, gt=0, le=1, description="share of each tensor's numbers that stay as they are")

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        for gradient in (p.grad for p in parameters if p.grad is not None):
            size = gradient.numel()
            above = size - max(1, ceil(self.quantile * size)) + 1
            # topk and not torch.quantile, which takes 16 million numbers at most
            most = gradient.abs().flatten().topk(above).values[-1]
            gradient.clamp_(-most, most)
