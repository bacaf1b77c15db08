"""Two networks: each learns from the pixels that fit the other one well.

Paper: Han et al., Co-teaching, NeurIPS 2018, arXiv 1804.06872, algorithm 1.
Idea: a network that chooses by its own loss confirms its own mistakes; two differ in theirs, and filter each other's.
Formula: value = loss_1 * weight(loss_2) + loss_2 * weight(loss_1);  weight: train.selection, each network with its own
    memory
Limits: with the selection `all` it would be two networks side by side, and is refused. Were both equal: one network
    with that selection. small_loss at rate 0: each is a network that learns from every pixel.
Differs: pixels are chosen, not images. The released code divides a mean over the chosen ones by their number once
    more; this does not. How many are chosen, and how that changes, is the selection's. The curve's loss is the sum of
    both networks'; a loss's memory serves both; the first network is validated and saved. Transforms of gradients see
    the parameters of both.
Costs: twice a step, twice the memory.
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api import step_context


class CoTeaching(Method):
    name: Literal["co_teaching"] = "co_teaching"

    def build(self, another: Callable[[], AnySize]) -> step_context.Teacher:
        return Exchange(another())


class Exchange(step_context.Teacher):
    def forward(self, now: step_context.StepContext) -> tuple[Tensor, step_context.Outputs]:
        one, two = now.look(), now.look(self.peer, self.peer)
        first, second = now.values(one), now.values(two)
        by_first, by_second = now.weights(first, one), now.weights(second, two, self.selection)
        return first * by_second + second * by_first, one
