"""Active and passive: normalised focal loss to pull the label up, reverse cross entropy to push the others down.

Paper: Ma et al., Normalized Loss Functions for Deep Learning with Noisy Labels, ICML 2020, arXiv 2006.13554.
Idea: divided by its sum over all labels even the focal loss is robust, but learns slowly; a passive loss mends that.
Formula: w[y] * (alpha * NFL + beta * RCE);  NFL = f[y] / sum_k f[k];  f[k] = -(1 - p[k])^gamma * log p[k]
    RCE = -zero * (1 - p[y]), with `zero` in place of log 0;  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: gamma 0 is nce_rce. Summed over all K labels NFL is 1, whatever p: so at equal logits NFL = 1/K. alpha 0 is
    -zero * beta times the absolute error (mae).
Differs: normalised over the classes of each pixel; 1 - p is at least the machine's epsilon, since below gamma 1 its
    power has no slope at 0. `zero` is log 1e-4 as in the released code, which also clips the gradient's norm at 5:
    choose that with train.gradients. Class weights (off by default) break the symmetry.
Costs: one log-softmax and a power for each class.
"""

from math import log
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class NflRce(Loss):
    name: Literal["nfl_rce"] = "nfl_rce"
    alpha: float = Field(1.0, ge=0, le=1e4, description="weight of the normalised part (paper: 1; for 100 classes 10)")
    beta: float = Field(1.0, ge=0, le=1e4, description="weight of the reverse part (paper: 1; for 100 classes 0.1)")
    gamma: float = Field(0.5, ge=0, le=10, description="how much sure answers count less (code: 0.5)")
    zero: float = Field(log(1e-4), ge=-100, lt=0, description="stands for log 0 (code: log 1e-4)")
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        label = log_p.gather(1, targets.labels[:, None])[:, 0]
        rest = (-log_p.expm1()).clamp_min(torch.finfo(log_p.dtype).eps)
        focal = -(rest**self.gamma) * log_p
        nfl = focal.gather(1, targets.labels[:, None])[:, 0] / focal.sum(1)
        rce = self.zero * label.expm1()
        return weighted(self.alpha * nfl + self.beta * rce, targets, self.weights)
