"""Two networks learn from the labels, and each also from the predictions of the other.

Paper: Anil et al., Large scale distributed neural network training through online distillation, ICLR 2018, arXiv
    1804.03235.
Formula: value = sum over networks i of loss_i * its weight (train.selection) + w * KL(p_other || p_i);  p_other without
    gradient
    w = weight * ramp(progress, burn_in, ramp), see tasks/train/teachers/_divergence.py;  p = softmax(logits)
Limits: weight 0, or all before the end of burn_in: the first network is that of the teacher `none`, with equal bytes
    (for networks without dropout). ramp 0: the whole weight at once. Where both agree the second term is 0.
Differs: the paper's soft cross entropy is this KL plus a constant: equal gradients. There each copy sees data of its
    own and stale predictions of the others; here both see each batch, and the other's predictions are current. Two networks,
    not n. They differ by their random first weights alone (ready-made encoders: by the rest). The second term is taken
    at every labelled pixel, also where the selection leaves the label out. The curve's loss is the sum of both
    networks'; a loss's memory serves both; the first network is validated and saved. Transforms of gradients see the
    parameters of both.
Costs: twice a step, twice the memory.
"""

from collections.abc import Callable
from typing import Literal

from pydantic import Field
from torch import Tensor

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, StepContext, Teacher
from tasks.train.teachers._divergence import divergence, ramp


class Codistillation(Method):
    name: Literal["codistillation"] = "codistillation"
    weight: float = Field(
        1.0, ge=0, le=1e4, description="weight of the divergence from the other network's predictions (paper: 1)"
    )
    burn_in: float = Field(
        0.2, ge=0, le=1, description="share of the training in which both learn from the labels alone"
    )
    ramp: float = Field(0.1, ge=0, le=1, description="share of the training over which the weight rises after that")

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        return Two(self, new_network())


class Two(Teacher):
    def __init__(self, settings: Codistillation, peer: AnySize):
        super().__init__(peer)
        self.settings = settings

    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        first_out, second_out = context.outputs(), context.outputs(self.peer, self.peer)
        first, second = context.values(first_out), context.values(second_out)
        values = first * context.weights(first, first_out) + second * context.weights(
            second, second_out, self.selection
        )
        settings = self.settings
        if weight := settings.weight * ramp(context.targets.progress, settings.burn_in, settings.ramp):
            a, b = first_out.logits, second_out.logits
            apart = divergence(b.detach(), a) + divergence(a.detach(), b)
            values = values + weight * apart.where(context.targets.valid, 0)
        return values, first_out
