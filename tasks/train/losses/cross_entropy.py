"""Cross entropy, with class weights and label smoothing.

Paper: label smoothing: Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, arXiv 1512.00567, section 7.
Idea: minus the log probability of the label.
Formula: w[y] * -( (1 - smoothing) * log p[y] + smoothing * mean_k log p[k] )
    p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: smoothing 0 and weights none = plain cross entropy, log K at equal logits; smoothing 1 no longer sees the label.
Differs: class weights are over the training set (see there), not over the batch.
Costs: one log-softmax.
"""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class CrossEntropy(Loss):
    name: Literal["cross_entropy"] = "cross_entropy"
    weights: Weights = "none"
    smoothing: float = Field(0.0, ge=0, le=1, description="share of the label's mass that is spread over all classes")

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        loss = F.cross_entropy(logits, targets.labels, reduction="none", label_smoothing=self.smoothing)
        return weighted(loss, targets, self.weights)
