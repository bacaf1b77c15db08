"""Divergence between the predictions of two networks, and the ramp of its weight over the training."""

from math import exp

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def divergence(
    first: Float[Tensor, "b c h w"], second: Float[Tensor, "b c h w"], temperature: float = 1.0
) -> Float[Tensor, "b h w"]:
    """sum_k p[k] log(p[k] / q[k]) with p of `first` and q of `second`, both softmax(. / temperature): 0 if they agree."""
    p, q = ((logits / temperature).log_softmax(1) for logits in (first, second))
    return F.kl_div(q, p, reduction="none", log_target=True).sum(1)


def ramp(progress: float, start: float, length: float) -> float:
    """0 before `start`, then exp(-5 (1 - x)^2) while x rises from 0 to 1 over `length`, then 1 (shares of training)."""
    if progress < start:
        return 0.0
    missing = 1 - (progress - start) / length if length else 0.0
    return exp(-5 * max(0.0, missing) ** 2)
