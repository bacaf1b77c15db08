"""Sharpness-aware minimisation: take the gradient at weights perturbed towards higher loss, which favours flat minima.

Paper: Foret et al., Sharpness-Aware Minimization, ICLR 2021, arXiv 2010.01412, formula 2; adaptive: Kwon et al., ASAM, ICML 2021,
    arXiv 2102.11600.
Formula: offset = rho * g / ||g||;  adaptive: rho * w^2 g / || |w| g ||;  one norm over all weights; the step is made from the
    weights, with the gradient found at weights + offset
Limits: rho towards 0 is the plain step. ||offset|| = rho (adaptive: ||offset / |w||| = rho); the loss's scale changes
    nothing. A gradient of 0 gives no offset. adaptive: weights of 0 stay, weights ten times as large move ten times as far.
Differs: weight decay does not enter the offset. Biases and norms' weights are perturbed too; adaptive, the released code scales kernels
    alone, here all are scaled. The batch norms' running statistics come from the first gradient's pass alone. With several
    processes the norm is that of the whole batch's gradient (the papers take each process's own: m-sharpness), which for
    masks is a mean over some 100,000 pixels: expect less than the papers found for single images.
    A second network that is trained (train.teacher) is perturbed together with the first, under one norm. A loss or selection with a
    memory sees the same batch twice in a step. Where the gradient is non-finite (fp16 overflows now and then) nothing is perturbed.
Costs: two forward and backward passes a step, a copy of the weights. adaptive wants a rho about ten times as large.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from segmend.stage.params import Method


class Sam(Method):
    name: Literal["sam"] = "sam"
    rho: float = Field(
        0.05, ge=0, le=100, description="length of the offset (paper: 0.05; with `adaptive` about ten times as much)"
    )
    adaptive: bool = Field(False, description="scale the offset by each weight's magnitude")

    @torch.no_grad()
    def offsets(self, parameters: list[nn.Parameter]) -> list[Tensor] | None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.adaptive:
            gradients = [p.abs() * g for p, g in zip(parameters, gradients, strict=True)]
        if not gradients:
            return None
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        scale = torch.where(length.isfinite() & (length > 0), self.rho / length, 0)
        if self.adaptive:
            gradients = [p.abs() * g for p, g in zip(parameters, gradients, strict=True)]
        # a non-finite gradient times 0 would still be non-finite
        return [(scale * g).where(scale > 0, 0) for g in gradients]
