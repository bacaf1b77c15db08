"""Dice: the overlap of answer and label in each class of each image, so that small classes count like large ones.

Paper: Milletari, Navab, Ahmadi, V-Net, 3DV 2016, arXiv 1606.04797, section 3.
Formula: for each image: mean over its classes k of 1 - 2 sum_x p g / (sum_x p^2 + sum_x g^2), plus ce * CE at each x
    p = softmax(logits)[k], g = onehot[k];  sums and classes are over the image's valid pixels
    squared false: the denominator is sum_x p + sum_x g
Limits: 0 if each label has probability 1, 1 if each has 0; ce 0 is Dice alone. A class that the image's labels do not
    hold is left out: its term would be 1 whatever p, without a gradient. An image without labels costs 0.
    With squared: nr_dice at gamma 2, without: nr_dice at gamma 1.
Differs: over all classes (the paper: one foreground). `squared` is the paper's form; many libraries leave the squares
    out, which pushes harder towards sure answers. `ce` is not in the paper; 1 is usual. No epsilon: the sums are at
    least 1.
    The image's value stands at each of its pixels, so that a step's loss is the mean over images weighted by labelled
    pixels. A choice or weighting of pixels therefore only weighs whole images.
Costs: a softmax and a one-hot of the same size.
"""

from typing import ClassVar, Literal

import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._soft_overlap import overlap


class Dice(Loss):
    name: Literal["dice"] = "dice"
    ce: float = Field(
        0.0, ge=0, le=1e4, description="weight of the cross entropy of each pixel that is added (usual: 1)"
    )
    squared: bool = Field(True, description="square the probabilities in the denominator (paper: yes)")
    per_pixel: ClassVar[bool] = False

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        seen = overlap(logits, targets, self.squared)
        loss = seen.mean(1 - 2 * (seen.p * seen.g).sum((2, 3)) / seen.size)
        return loss + self.ce * F.cross_entropy(logits, targets.labels, reduction="none") if self.ce else loss
