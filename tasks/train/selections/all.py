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
from tasks.train.api.step_context import Outputs, Selection
from tasks.train.api.targets import Targets


class All(Method):
    name: Literal["all"] = "all"
    wants_trust: ClassVar[bool] = False  # whether targets.trust is read from disk

    def build(self, classes: int) -> Selection:
        return Everything()


class Everything(Selection):
    everything = True

    def forward(self, values: Tensor, outputs: Outputs, targets: Targets) -> Tensor:
        return torch.ones_like(values)
