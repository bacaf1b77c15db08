"""Stochastic gradient descent with momentum.

Paper: Sutskever et al., On the importance of initialization and momentum, ICML 2013 (Nesterov's form).
    Decoupled decay: Loshchilov, Hutter, ICLR 2019, arXiv 1711.05101, algorithm 1 (SGDW).
Formula: v <- momentum * v + g + decay * w;  w <- w - lr * (g + momentum * v) with nesterov, w - lr * v without
    decoupled: w <- w - lr * decay * w first, and no decay in v
Limits: momentum 0 = plain gradient descent, w - lr * g; then decoupled or not is the same. decay 0: the same too.
Differs: norms' and biases' weights are not decayed (the loop gives them a group of their own).
Costs: one number of state per weight.
"""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from pydantic import Field

from segmend.stage.params import Method


class SGD(Method):
    name: Literal["sgd"] = "sgd"
    lr: float = Field(0.05, gt=0, le=100, description="highest learning rate")
    momentum: float = Field(0.9, ge=0, lt=1, description="memory of past gradients")
    nesterov: bool = Field(True, description="look ahead along the momentum (only with momentum > 0)")
    decay: float = Field(1e-4, ge=0, le=10, description="weight decay")
    decoupled: bool = Field(
        False, description="decay apart from the gradient: for gradients that are rescaled (train.gradients znorm)"
    )

    def build(self, parameters: Iterable[dict[str, Any]]) -> torch.optim.Optimizer:
        nesterov = self.nesterov and self.momentum > 0
        kind = Decoupled if self.decoupled else torch.optim.SGD
        return kind(parameters, lr=self.lr, momentum=self.momentum, weight_decay=self.decay, nesterov=nesterov)


class Decoupled(torch.optim.SGD):
    """torch's SGD with the weights decayed before its step instead of inside the gradient."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        decays = [group["weight_decay"] for group in self.param_groups]
        for group, decay in zip(self.param_groups, decays, strict=True):
            moved = [p for p in group["params"] if p.grad is not None]
            if moved and decay:
                torch._foreach_mul_(moved, 1 - group["lr"] * decay)
            group["weight_decay"] = 0.0
        try:
            return super().step(closure)
        finally:
            for group, decay in zip(self.param_groups, decays, strict=True):
                group["weight_decay"] = decay
