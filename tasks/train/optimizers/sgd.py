"""Stochastic gradient descent with momentum.

Paper: Sutskever et al., On the importance of initialization and momentum, ICML 2013 (Nesterov's form).
Formula: v <- momentum * v + g + decay * w;  w <- w - lr * (g + momentum * v) with nesterov, w - lr * v without
Limits: momentum 0 = plain gradient descent, w - lr * g.
Differs: norms' and biases' weights are not decayed (the loop gives them a group of their own).
Costs: one number of state per weight.
"""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from pydantic import Field

from tasks.params import Method


class SGD(Method):
    name: Literal["sgd"] = "sgd"
    lr: float = Field(0.05, gt=0, le=100, description="highest learning rate")
    momentum: float = Field(0.9, ge=0, lt=1, description="memory of past gradients")
    nesterov: bool = Field(True, description="look ahead along the momentum (only with momentum > 0)")
    decay: float = Field(1e-4, ge=0, le=10, description="weight decay")

    def build(self, parameters: Iterable[dict[str, Any]]) -> torch.optim.Optimizer:
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(
            parameters, lr=self.lr, momentum=self.momentum, weight_decay=self.decay, nesterov=nesterov
        )
