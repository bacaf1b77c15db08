"""Noise-robust Dice: between Dice and the absolute error, in each class of each image.

Paper: Wang et al., A Noise-Robust Framework for Automatic Segmentation of COVID-19 Pneumonia Lesions, TMI 2020.
Formula: for each image: mean over its classes k of sum_x |p - g|^gamma / (sum_x p^2 + sum_x g^2)
    p = softmax(logits)[k], g = onehot[k];  sums and classes are over the image's valid pixels
    squared false: the denominator is sum_x p + sum_x g
Limits: gamma 2 with squared is dice with squared; gamma 1 without is dice without: the absolute error over the class's
    size. 0 if each label has probability 1. An image without labels costs 0.
Differs: over all classes (the paper: one foreground). A class that the image's labels do not hold is left out: with
    gamma below 2 its term would grow as p falls (sum p^1.5 / sum p^2) and so pull towards a class that is not there.
    Released code leaves the squares out (`squared`: false). No epsilon (paper: 1e-5): the sums are at least 1.
    The image's value stands at each of its pixels, so that a step's loss is the mean over images weighted by labelled
    pixels. A choice or weighting of pixels therefore only weighs whole images.
Costs: a softmax, a one-hot and a power of the same size.
"""

from typing import ClassVar, Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._soft_overlap import overlap


class NrDice(Loss):
    name: Literal["nr_dice"] = "nr_dice"
    gamma: float = Field(1.5, ge=1, le=2, description="from forgiving (1) to Dice (2); paper: 1.5")
    squared: bool = Field(
        True, description="square the probabilities in the denominator (paper: yes; released code: no)"
    )
    per_pixel: ClassVar[bool] = False

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        seen = overlap(logits, targets, self.squared)
        return seen.mean((seen.p - seen.g).abs().pow(self.gamma).sum((2, 3)) / seen.size)
