"""Weights perturbed for one gradient and restored bit-exactly (tasks/train/sharpness)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def perturbed(parameters: list[nn.Parameter], offsets: list[Tensor]) -> Iterator[None]:
    """The parameters plus their offsets inside; outside exactly as before (w + e - e would be rounded)."""
    weights = [parameter.detach() for parameter in parameters]  # the same memory, without autograd
    before = [weight.clone() for weight in weights]
    torch._foreach_add_(weights, offsets)
    try:
        yield
    finally:
        torch._foreach_copy_(weights, before)


@contextmanager
def frozen_statistics(*modules: nn.Module) -> Iterator[None]:
    """Inside, batch norms normalise by the batch's statistics, as always in training, without updating the running ones."""
    norms = [
        layer
        for module in modules
        for layer in module.modules()
        if isinstance(layer, _BatchNorm) and layer.track_running_stats
    ]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
