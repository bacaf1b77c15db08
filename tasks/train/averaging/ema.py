"""The running mean of the weights: recent steps count most.

Paper: Polyak, Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM J. Control Optim. 30, 1992, for why; the
    exponential form as in Tarvainen, Valpola, Mean teachers, NeurIPS 2017, arXiv 1703.01780.
Formula: mean <- d * mean + (1 - d) * w after each step;  d = min(decay, n / (n + warmup)), n = steps that are in the mean
Limits: decay 0 = none: the mean is the last weights. After the first step it is w, whatever the network began with; warmup 0:
    d is `decay` from the second step on. With the default it reaches back about n / 9 steps, until decay is reached.
Differs: batch norms' running statistics are averaged as the weights are (exact recomputation would cost a pass over the
    training data before each look at the val split).
Costs: one copy of the network, one pass over the weights a step.
"""

from typing import Literal

from pydantic import Field

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.averaging._averaged_model import Mean


class Ema(Method):
    name: Literal["ema"] = "ema"
    decay: float = Field(0.999, ge=0, lt=1, description="memory: reaches back about 1 / (1 - decay) steps")
    warmup: float = Field(
        9.0, ge=0, le=1e6, description="how slowly the memory grows at the start; 0: it is whole from the second step"
    )

    def build(self, network: AnySize) -> Mean:
        return Running(network, self.decay, self.warmup)


class Running(Mean):
    def __init__(self, network: AnySize, decay: float, warmup: float):
        super().__init__(network)
        self.decay, self.warmup = decay, warmup

    def update(self, network: AnySize, progress: float) -> None:
        memory = (self.seen / (self.seen + self.warmup).clamp_min(1)).clamp_max(self.decay)
        self.blend(network, 1 - memory)  # stays on the device: a step must not wait for it
        self.seen += 1
