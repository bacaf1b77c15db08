"""Cross entropy, with class weights and label smoothing.

Paper: label smoothing: Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, arXiv 1512.00567, section 7.
Idea: minus the log probability of the label.
Formula: w[y] * -( (1 - smoothing) * log p[y] + smoothing * mean_k log p[k] );  p = softmax(logits)
    w[k] proportional to 1, 1/f[k] or 1/sqrt(f[k]), scaled so that sum_k f[k] w[k] = 1;  f[k] = share of class k in the labels
Limits: smoothing 0 and weights none = plain cross entropy, log K at equal logits; smoothing 1 no longer sees the label.
Differs: weights have mean 1 over the training pixels (libraries divide by each batch's sum), so that a batch of rare classes
    keeps its higher weight. Classes without a training pixel have weight 0.
Costs: one log-softmax.
"""

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.params import Method
from tasks.targets import Targets


class CrossEntropy(Method):
    name: Literal["cross_entropy"] = "cross_entropy"
    weights: Literal["none", "inverse", "sqrt_inverse"] = Field(
        "none", description="weight classes by their rarity in the labels"
    )
    smoothing: float = Field(0.0, ge=0, le=1, description="share of the label's mass that is spread over all classes")
    partial: ClassVar[bool] = False  # sets of classes are not read

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        loss = F.cross_entropy(logits, targets.labels, reduction="none", label_smoothing=self.smoothing)
        if self.weights == "none":
            return loss
        power = {"inverse": -1.0, "sqrt_inverse": -0.5}[self.weights]
        frequency = targets.frequency.to(loss.dtype)
        weights = torch.where(frequency > 0, frequency.clamp_min(1e-12) ** power, 0)
        return loss * (weights / (frequency * weights).sum())[targets.labels]
