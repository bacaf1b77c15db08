"""Focal loss: pixels with confident correct predictions count less. For rare classes; harmful with wrong labels.

Paper: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, arXiv 1708.02002, equation 4.
Idea: many easy background pixels no longer outweigh the few hard ones. Wrong labels are hard pixels too: it is not robust.
Formula: w[y] * (1 - p[y])^gamma * -log p[y];  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: gamma 0 is cross entropy; never above cross entropy, and near it where p[y] is near 0.
Differs: over the softmax of all classes (the paper: one sigmoid a class); the paper's alpha is `weights`. 1 - p is at
    least the machine's epsilon, since below gamma 1 its power has no slope at 0.
Costs: one log-softmax.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class Focal(Loss):
    name: Literal["focal"] = "focal"
    gamma: float = Field(2.0, ge=0, le=10, description="how much sure answers count less (paper: 2)")
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        ce = F.cross_entropy(logits, targets.labels, reduction="none")
        rest = (-torch.expm1(-ce)).clamp_min(torch.finfo(ce.dtype).eps)
        return weighted(rest**self.gamma * ce, targets, self.weights)
