"""Every labelled pixel counts alike.

Formula: weight 1
Idea: the plain case.
Limits: none.
Costs: nothing.
"""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from tasks.params import Method
from tasks.targets import Targets
from tasks.train import turn


class All(Method):
    name: Literal["all"] = "all"
    wants_trust: ClassVar[bool] = False  # whether targets.trust is read from disk

    def build(self, classes: int) -> turn.Selection:
        return Everything()


class Everything(turn.Selection):
    everything = True

    def forward(self, values: Tensor, seen: turn.Outputs, targets: Targets, progress: float) -> Tensor:
        return torch.ones_like(values)
