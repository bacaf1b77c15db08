"""T-loss: the errors of an image as one draw of a Student t distribution, whose tolerance of outliers is learnt.

Paper: Gonzalez-Jimenez et al., Robust T-Loss for Medical Image Segmentation, MICCAI 2023, arXiv 2306.00753.
Formula: for each image with N valid pixels, and S = sum_x d^2(x), d^2 = sum_k (p[k] - onehot[k])^2 / 2:
    (-lnG((v + N) / 2) + lnG(v / 2) + N/2 * ln(pi v) + (v + N) / 2 * ln(1 + S / v)) / N
    p = softmax(logits);  v = exp of a number that is learnt, `log_v` at first
Limits: v -> infinity is ln(2 pi) / 2 + S / 2N: half the mean squared error, with a constant. A small v forgives: the
    value grows with ln S, so an image that is wrong everywhere pulls no harder than one that is nearly right.
    N = 1, v = 1, d = 1: ln(2 pi).
Differs: the paper has two classes and one error a pixel. Here too, for any number of classes: half the squared distance
    to the label, 0..1, which for two classes is exactly the paper's. Its covariance is the identity, as in the released
    code (whose lambdas never learn). Divided by N, since the loop takes the mean over pixels and images differ in size:
    so no size is fixed. Values can be negative; validation shows the last term alone, which is 0 for a sure right
    answer. v learns with a tenth of the network's rate (code: 1e-3 beside 1e-2), without decay: in short trainings it
    stays near exp(log_v). The image's value stands at each of its pixels. A choice or weighting of pixels therefore
    only weighs whole images.
Costs: a softmax and a one-hot.
"""

from math import pi
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss


class TLoss(Loss):
    name: Literal["t_loss"] = "t_loss"
    log_v: float = Field(
        1.0, ge=-10, le=10, description="logarithm of the degrees of freedom at first: small forgives (code: 1)"
    )
    per_pixel: ClassVar[bool] = False
    rate: ClassVar[float] = 0.1

    def build(self, classes: int, cells: int) -> nn.Module:
        return Student(self.log_v)


class Student(nn.Module):
    def __init__(self, log_v: float):
        super().__init__()
        self.log_v = nn.Parameter(torch.tensor(log_v))

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        v = self.log_v.to(logits.dtype).exp()
        onehot = F.one_hot(targets.labels, logits.shape[1]).movedim(-1, 1)
        error = (logits.softmax(1) - onehot).square().sum(1).where(targets.valid, 0).sum((1, 2)) / 2
        n = targets.valid.sum((1, 2)).to(logits.dtype)
        value = (v + n) / 2 * (error / v).log1p()
        if self.training:
            value = value + torch.lgamma(v / 2) - torch.lgamma((v + n) / 2) + n / 2 * (pi * v).log()
        return (value / n.clamp_min(1))[:, None, None].expand(targets.labels.shape)
