"""AdamW: steps of about `lr` per weight whatever the gradient's scale, with weight decay apart from the gradient.

Paper: Loshchilov, Hutter, Decoupled Weight Decay Regularization, ICLR 2019, arXiv 1711.05101, algorithm 2.
Formula: w <- w - lr * (m / (sqrt(v) + 1e-8) + decay * w);  m, v = running means of g, g^2 (betas), corrected for their start
Limits: the first step moves each weight by lr * sign(g); decay 0 = Adam.
Differs: the library's fused kernel; norms' and biases' weights are not decayed (the loop gives them a group of their own).
Costs: two numbers of state per weight.
"""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from pydantic import Field

from segmend.stage.params import Method


class AdamW(Method):
    name: Literal["adamw"] = "adamw"
    lr: float = Field(5e-3, gt=0, le=1, description="highest learning rate")
    decay: float = Field(0.01, ge=0, le=10, description="weight decay, times the learning rate per step")
    beta1: float = Field(0.9, ge=0, lt=1, description="memory of the mean gradient")
    beta2: float = Field(
        0.99, ge=0, lt=1, description="memory of the mean squared gradient (0.999 in the paper; short runs want less)"
    )

    def build(self, parameters: Iterable[dict[str, Any]]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, lr=self.lr, betas=(self.beta1, self.beta2), weight_decay=self.decay, fused=True
        )
