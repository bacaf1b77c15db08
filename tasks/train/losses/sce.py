"""Symmetric cross entropy: cross entropy plus its reverse, in which label and answer change places.

Paper: Wang et al., Symmetric Cross Entropy for Robust Learning with Noisy Labels, ICCV 2019, arXiv 1908.06112.
Idea: the reverse term is bounded, so wrong labels do not dominate; the forward term keeps hard classes learning.
Formula: w[y] * (alpha * CE + beta * RCE);  CE = -log p[y];  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
    RCE = -sum_k p[k] log onehot[k] = -zero * (1 - p[y]), with `zero` in place of log 0
Limits: beta 0 is alpha times cross entropy; alpha 0 is -zero * beta times the absolute error (mae).
Differs: `zero` is log 1e-4 = -9.21 as in the released code; for masks its authors advise -1 or -2. Tiny p are not cut
    off at 1e-7, so the gradient never stops.
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


class Sce(Loss):
    name: Literal["sce"] = "sce"
    alpha: float = Field(0.1, ge=0, le=1e4, description="weight of the cross entropy (paper: 0.1; for 100 classes 6)")
    beta: float = Field(1.0, ge=0, le=1e4, description="weight of its reverse (paper: 1; for 100 classes 0.1)")
    zero: float = Field(
        log(1e-4), ge=-100, lt=0, description="stands for log 0 (code: log 1e-4; its authors advise -1 or -2 for masks)"
    )
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        ce = F.cross_entropy(logits, targets.labels, reduction="none")
        rce = self.zero * torch.expm1(-ce)
        return weighted(self.alpha * ce + self.beta * rce, targets, self.weights)
