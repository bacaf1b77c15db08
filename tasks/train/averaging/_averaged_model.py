"""The mean of past weights as a network of its own: what averaging methods (tasks/train/averaging) build."""

from abc import ABC, abstractmethod
from copy import deepcopy

import torch
from torch import Tensor, nn

from segmend.network.segmenter import AnySize


class Mean(nn.Module, ABC):
    """A network that follows another one. It takes no gradient; its state is part of checkpoints.

    Batch norms' running statistics are averaged as the weights are, their counters copied.
    """

    seen: Tensor  # steps that are in the mean

    def __init__(self, network: AnySize):
        super().__init__()
        self.network: AnySize = deepcopy(network).requires_grad_(False)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def blend(self, network: AnySize, share: Tensor) -> None:
        """mean <- mean + share * (network - mean); share 1 copies exactly."""
        ours, theirs = self.network.state_dict(), network.state_dict()
        for name, mine in ours.items():
            if mine.is_floating_point():
                mine.lerp_(theirs[name], share.to(mine.dtype))
            else:
                mine.copy_(theirs[name])

    @abstractmethod
    def update(self, network: AnySize, progress: float) -> None:
        """Called after each step, `progress` (0..1) of the way through the training."""
