"""Pixels count as much as their labels are trusted: the confidence of a consensus of annotators, or one minus its risk.

Idea: where annotators disagree, the label is more often wrong; weights say so without leaving anything out.
Formula: weight = trust^power;  trust in 0..1 from the labels' own trust maps (segmend/images/dataset.py), 1 where there is none
Limits: power 0, or trust alike everywhere: every pixel counts alike. High powers: only the most trusted pixels count.
Differs: weights are scaled to mean 1 over the labelled pixels of a batch (as for every selection), so that a batch of
    doubtful labels makes steps as large as one of sure labels.
Costs: one more map read with each image.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, Selection
from tasks.train.api.targets import Targets


class Trust(Method):
    name: Literal["trust"] = "trust"
    power: float = Field(1.0, ge=0, le=100, description="exponent of the trust; 0: all labels weigh alike")
    wants_trust: ClassVar[bool] = True

    def build(self, classes: int) -> Selection:
        return Trusted(self.power)


class Trusted(Selection):
    def __init__(self, power: float):
        super().__init__()
        self.power = power

    def forward(self, values: Tensor, outputs: Outputs, targets: Targets) -> Tensor:
        if targets.trust is None:  # all alike, as it says
            return torch.ones_like(values)
        return targets.trust.to(values.dtype) ** self.power
