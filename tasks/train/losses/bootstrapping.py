"""Bootstrapping: the target is partly the given label, partly the network's own prediction.

Paper: Reed et al., Training Deep Neural Networks on Noisy Labels with Bootstrapping, ICLR 2015 workshop,
    arXiv 1412.6596.
Formula: w[y] * -sum_k (beta * onehot[k] + (1 - beta) * belief[k]) * log p[k]
    soft: belief = p, hard: belief = onehot of argmax p;  p = softmax(logits);  w: tasks/train/losses/_class_weights.py
Limits: beta 1 is cross entropy; beta 0 no longer sees the label: soft is the entropy of p, hard is -log max p. Hard is
    cross entropy wherever the label is the network's own answer.
Differs: nothing. As in the paper the gradient of the soft form also flows through the belief (which rewards sure
    answers), and the belief counts from the first step on.
Costs: one log-softmax.
"""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted


class Bootstrapping(Loss):
    name: Literal["bootstrapping"] = "bootstrapping"
    belief: Literal["soft", "hard"] = Field(
        "soft", description="the own prediction as probabilities (soft) or as the most probable class alone (hard)"
    )
    beta: float | None = Field(
        None, ge=0, le=1, description="share of the given label; null: the paper's, 0.95 for soft and 0.8 for hard"
    )
    weights: Weights = "none"

    def __call__(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        beta = self.beta if self.beta is not None else {"soft": 0.95, "hard": 0.8}[self.belief]
        log_p = logits.log_softmax(1)
        given = log_p.gather(1, targets.labels[:, None])[:, 0]
        own = (log_p.exp() * log_p).sum(1) if self.belief == "soft" else log_p.amax(1)
        return weighted(-beta * given - (1 - beta) * own, targets, self.weights)
