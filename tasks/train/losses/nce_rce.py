"""Active and passive: normalised cross entropy to pull the label up, reverse cross entropy to push the others down.

Paper: Ma et al., Normalized Loss Functions for Deep Learning with Noisy Labels, ICML 2020, arXiv 2006.13554.
Idea: divided by its sum over all labels every loss is robust, but learns slowly; a second, passive loss mends that.
Formula: w[y] * (alpha * NCE + beta * RCE);  NCE = log p[y] / sum_k log p[k]
    RCE = -zero * (1 - p[y]), with `zero` in place of log 0;  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: summed over all K labels NCE is 1 and RCE is -zero * (K - 1), whatever p: so at equal logits NCE = 1/K. alpha 0
    is -zero * beta times the absolute error (mae).
Differs: normalised over the classes of each pixel. `zero` is log 1e-4 as in the released code. The code also clips the
    gradient's norm at 5: choose that with train.gradients. Class weights (off by default) break the symmetry.
Costs: one log-softmax.
"""

from math import log
from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class NceRce(Loss):
    name: Literal["nce_rce"] = "nce_rce"
    alpha: float = Field(1.0, ge=0, le=1e4, description="weight of the normalised part (paper: 1; for 100 classes 10)")
    beta: float = Field(1.0, ge=0, le=1e4, description="weight of the reverse part (paper: 1; for 100 classes 0.1)")
    zero: float = Field(log(1e-4), ge=-100, lt=0, description="stands for log 0 (code: log 1e-4)")
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        label = log_p.gather(1, targets.labels[:, None])[:, 0]
        nce = label / log_p.sum(1)
        rce = self.zero * label.expm1()
        return weighted(self.alpha * nce + self.beta * rce, targets, self.weights)
