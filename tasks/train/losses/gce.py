"""Generalised cross entropy: between cross entropy, which is quick, and the absolute error, which forgives.

Paper: Zhang, Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, NeurIPS 2018,
    arXiv 1805.07836; truncation: section 3.3.
Formula: w[y] * (1 - p[y]^q) / q;  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
    truncated, once a share `start` of the training is done: w[y] * (1 - max(p[y], truncate)^q) / q
Limits: q -> 0 is cross entropy, q = 1 the absolute error (mae). truncate 0 is the plain loss. A truncated pixel with
    p[y] <= truncate costs (1 - truncate^q) / q and teaches nothing.
Differs: the paper truncates by picking the kept samples anew every 10 epochs, with the network of that moment; here
    each step decides for itself, so nothing is remembered. As there, it begins after a third of the training (40 of 120
    epochs): an untrained network has p[y] = 1/K everywhere and would learn nothing.
Costs: one log-softmax.
"""

from math import log
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class Gce(Loss):
    name: Literal["gce"] = "gce"
    q: float = Field(0.7, gt=0, le=1, description="from fast (towards 0) to forgiving (1); paper: 0.7")
    truncate: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="labels that are given less than this probability teach nothing (paper: 0.5; 0: off)",
    )
    start: float = Field(
        1 / 3, ge=0, le=1, description="share of the training before labels are truncated (paper: 40 of 120 epochs)"
    )
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        ce = F.cross_entropy(logits, targets.labels, reduction="none")
        if self.truncate and targets.progress >= self.start:
            ce = ce.clamp_max(-log(self.truncate))
        return weighted(-torch.expm1(-self.q * ce) / self.q, targets, self.weights)
