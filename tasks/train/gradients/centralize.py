"""Take its mean out of the gradient of each filter.

Paper: Yong et al., Gradient Centralization, ECCV 2020, arXiv 2004.01461, formula 1.
Formula: g[o] <- g[o] - mean(g[o]) for each output o of a weight tensor with more than one axis
Limits: the sum of each filter's weights does not change under plain sgd; twice is once; biases and norms' weights stay as they
    are.
Differs: the released code centralises after adding weight decay to the gradient; here decay comes afterwards (sgd) or
    stands apart (adamw, sgd with `decoupled`), so it still pulls the mean of a filter to 0.
Costs: one pass over the gradients.
"""

from typing import Literal

from torch import nn

from segmend.stage.params import Method


class Centralize(Method):
    name: Literal["centralize"] = "centralize"

    def __call__(self, parameters: list[nn.Parameter]) -> None:
        for gradient in (p.grad for p in parameters if p.grad is not None and p.ndim > 1):
            gradient.sub_(gradient.mean(dim=tuple(range(1, gradient.ndim)), keepdim=True))
