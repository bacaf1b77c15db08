"""Backward correction: a mix of the losses of all labels that on average is the loss of the true one.

Paper: Patrini et al., Making Deep Neural Networks Robust to Label Noise, CVPR 2017, arXiv 1609.03683.
Formula: sum_k R[y, k] * -log p[k],  R = T^-1, T[i, j] = P(label j | truth i);  p = softmax(logits)
    T is `matrix`, or estimated: before `start` cross entropy is minimised (tasks/train/losses/_noise_transition.py)
    where R[y, k] < 0, log p[k] is no less than log `floor`
Limits: T = identity, start 1 and least 1 are cross entropy. Without a floor (0), the mean over the labels that T gives
    to a true class i is exactly -log p[i]. Values can be negative, down to log(floor) * (sum of |R| below 0).
    Validation shows plain cross entropy.
Differs: the floor: else the reward for pushing a class out of one pixel has no end, and a network that can memorise
    takes it. It costs exactness only where p < floor. An estimated T stays away from singular ones (`least`), a given T
    that is singular is refused. No class weights: the mean would no longer be the true loss. T is estimated in the
    course of one training.
Costs: one log-softmax, and an inverse of K x K a step.
"""

from math import log
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field, field_validator
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._noise_transition import Rows, Transition, Transitional


class Backward(Transitional):
    name: Literal["backward"] = "backward"
    floor: float = Field(
        1e-4, ge=0, lt=1, description="probability below which the reward of a class no longer grows (paper: 0)"
    )

    @field_validator("matrix")
    @classmethod
    def invertible(cls, rows: Rows | None) -> Rows | None:
        if rows and torch.linalg.cond(torch.tensor(rows, dtype=torch.float64)) > 1e6:
            raise ValueError(
                "this matrix is singular, so labels cannot be turned back into true classes; classes must differ "
                "in how they are labelled, or use the loss forward, which needs no inverse"
            )
        return rows

    def build(self, classes: int, cells: int) -> nn.Module:
        return Backwards(self.transition(classes), self.floor)


class Backwards(nn.Module):
    def __init__(self, transition: Transition, floor: float):
        super().__init__()
        self.transition, self.floor = transition, floor

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        matrix = self.transition.now(log_p, targets, self.training)
        if matrix is None:
            return F.nll_loss(log_p, targets.labels, reduction="none")
        share = matrix.to(log_p.dtype).inverse()[targets.labels].movedim(-1, 1)  # R[y, k] of each pixel
        floored = log_p.clamp_min(log(self.floor)) if self.floor else log_p
        return -(share * torch.where(share < 0, floored, log_p)).sum(1)
