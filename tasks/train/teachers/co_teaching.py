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
from tasks.train.api.step_context import Outputs, StepContext, Teacher


class CoTeaching(Method):
    name: Literal["co_teaching"] = "co_teaching"

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        return Exchange(new_network())


class Exchange(Teacher):
    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        first_out, second_out = context.outputs(), context.outputs(self.peer, self.peer)
        first, second = context.values(first_out), context.values(second_out)
        by_first, by_second = context.weights(first, first_out), context.weights(second, second_out, self.selection)
        return first * by_second + second * by_first, first_out
