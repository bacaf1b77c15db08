"""Every labelled pixel counts alike.

Formula: weight 1
Idea: the plain case.
Limits: none.
Costs: nothing.
"""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api import step_context
from tasks.train.api.targets import Targets


class All(Method):
    name: Literal["all"] = "all"
    wants_trust: ClassVar[bool] = False  # whether targets.trust is read from disk

    def build(self, classes: int) -> step_context.Selection:
        return Everything()


class Everything(step_context.Selection):
    everything = True

    def forward(self, values: Tensor, seen: step_context.Outputs, targets: Targets, progress: float) -> Tensor:
        return torch.ones_like(values)
