"""Weights of classes by how rare they are in the labels, for losses whose value at a pixel is that pixel's alone.

Formula: w[k] proportional to 1, 1/f[k] or 1/sqrt(f[k]), scaled so that sum_k f[k] w[k] = 1
    f[k] = share of class k in the labels
Differs: weights have mean 1 over the training pixels (libraries divide by each batch's sum), so that a batch of rare
    classes keeps its higher weight. Classes without a training pixel have weight 0.
"""

from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets

Weights = Annotated[
    Literal["none", "inverse", "sqrt_inverse"], Field(description="weight classes by their rarity in the labels")
]


def weighted(loss: Float[Tensor, "b h w"], targets: Targets, weights: Weights) -> Float[Tensor, "b h w"]:
    """The loss of each pixel times the weight of its label."""
    if weights == "none":
        return loss
    power = {"inverse": -1.0, "sqrt_inverse": -0.5}[weights]
    frequency = targets.frequency.to(loss.dtype)
    weight = torch.where(frequency > 0, frequency.clamp_min(1e-12) ** power, 0)
    return loss * (weight / (frequency * weight).sum())[targets.labels]
