"""Forward correction: predicted probabilities of the true class are mapped by a noise matrix to those of the label.

Paper: Patrini et al., Making Deep Neural Networks Robust to Label Noise, CVPR 2017, arXiv 1609.03683.
Formula: w[y] * -log sum_i p[i] T[i, y];  T[i, j] = P(label j | truth i);  p = softmax(logits)
    w: tasks/train/losses/_class_weights.py;  T is `matrix`, or estimated: before `start` cross entropy is minimised
    (tasks/train/losses/_noise_transition.py)
Limits: T = identity, start 1 and least 1 are cross entropy. Where all rows of T are equal the labels say nothing. The
    least value is -log max_i T[i, y]: above 0 where the label is never certain. Validation shows plain cross entropy.
Differs: T is estimated in the course of one training; see there.
Costs: one log-softmax and a log-sum-exp; until `start` the surest pixels are sorted (anchors) or counted (joint).
"""

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._class_weights import Weights, weighted
from tasks.train.losses._noise_transition import Transition, Transitional


class Forward(Transitional):
    name: Literal["forward"] = "forward"
    weights: Weights = "none"

    def build(self, classes: int, cells: int) -> nn.Module:
        return Forwards(self.transition(classes), self.weights)


class Forwards(nn.Module):
    def __init__(self, transition: Transition, weights: Weights):
        super().__init__()
        self.transition, self.weights = transition, weights

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        matrix = self.transition.now(log_p, targets, self.training)
        if matrix is None:
            loss = F.nll_loss(log_p, targets.labels, reduction="none")
        else:
            says = matrix.to(log_p.dtype).log().T[targets.labels].movedim(-1, 1)  # log T[i, y] of each pixel
            loss = -(log_p + says).logsumexp(1)
        return weighted(loss, targets, self.weights)
