"""Weights moved for a moment, and put back bit by bit: how a step looks at the loss nearby (tasks/train/sharpness)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def climbed(parameters: list[nn.Parameter], offsets: list[Tensor]) -> Iterator[None]:
    """The parameters plus their offsets inside; outside exactly as before (w + e - e would be rounded)."""
    weights = [parameter.detach() for parameter in parameters]  # the same numbers, without their history
    before = [weight.clone() for weight in weights]
    torch._foreach_add_(weights, offsets)
    try:
        yield
    finally:
        torch._foreach_copy_(weights, before)


@contextmanager
def still(*modules: nn.Module) -> Iterator[None]:
    """Batch norms use the batch's statistics inside, as ever in training, and do not remember them."""
    norms = [
        one for module in modules for one in module.modules() if isinstance(one, _BatchNorm) and one.track_running_stats
    ]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
