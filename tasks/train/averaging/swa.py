"""Stochastic weight averaging: the equal mean of the weights over the last part of the training.

Paper: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018, arXiv 1803.05407, algorithm 1.
Formula: mean <- mean + (w - mean) / n after step n of the last `share` of the training; before that, w itself
Limits: share 0 = none: the last weights. share 1 = the plain mean over all steps.
Differs: every step is averaged, the paper takes one set of weights an epoch. The schedule goes on as it is; for the paper's,
    choose train.schedule constant. Batch norms' running statistics are averaged as the weights are, where the paper computes them
    anew with a pass over the training data: neighbouring steps of a falling rate lie close together, and a pass before
    each look at the val split would cost more than the mean brings. With a high constant rate the paper's way is better.
Costs: one copy of the network, one pass over the weights a step.
"""

from typing import Literal

from pydantic import Field

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.averaging._averaged_model import Mean


class Swa(Method):
    name: Literal["swa"] = "swa"
    share: float = Field(0.25, ge=0, le=1, description="the last part of the training, over which weights are averaged")

    def build(self, network: AnySize) -> Mean:
        return Equal(network, self.share)


class Equal(Mean):
    def __init__(self, network: AnySize, share: float):
        super().__init__(network)
        self.share = share

    def update(self, network: AnySize, progress: float) -> None:
        self.seen += progress >= 1 - self.share
        self.blend(network, 1 / self.seen.clamp_min(1).float())
