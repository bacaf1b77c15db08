"""Mean absolute error: every wrong label pulls with a bounded force, the same for all classes.

Paper: Ghosh, Kumar, Sastry, Robust Loss Functions under Label Noise for Deep Neural Networks, AAAI 2017,
    arXiv 1712.09482.
Idea: summed over all classes a symmetric loss is constant, so evenly spread wrong labels do not move its minimum.
Formula: w[y] * (1 - p[y]);  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: 0 for a sure right answer, 1 for a sure wrong one, 1 - 1/K at equal logits; summed over all K labels K - 1.
    It equals gce at q = 1. Its gradient vanishes where p[y] is near 0: with many or rare classes it under-fits.
Differs: half of the paper's |onehot - p|_1 = 2 * (1 - p[y]): only the learning rate feels it. Class weights (off by
    default) break the symmetry.
Costs: one log-softmax.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class Mae(Loss):
    name: Literal["mae"] = "mae"
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        ce = F.cross_entropy(logits, targets.labels, reduction="none")
        return weighted(-torch.expm1(-ce), targets, self.weights)  # 1 - p[y], exact also where p[y] is nearly 1
