"""Two networks that must agree learn from the pixels on which both agree with the label.

Paper: Wei et al., Combating Noisy Labels by Agreement: A Joint Training Method with Co-Regularization, CVPR 2020,
    arXiv 2003.02752.
Formula: joint = (1 - agreement) * (loss_1 + loss_2) + agreement * (KL(p_1 || p_2) + KL(p_2 || p_1));  value = joint *
    weight(joint)
    p = softmax(logits);  weight: train.selection, once, on the joint loss, with the first network's features
Limits: agreement 0: two networks, chosen for by the sum of their losses. agreement 1: labels are not learnt, only
    chosen by. selection `all`: agreement alone, without a choice. Where both say the same the joint loss is (1 -
    agreement) * 2 loss.
Differs: pixels are chosen, not images, by train.selection (the paper: small_loss over all of them). Gradients flow
    into both sides of both KL, as in the released code. `agreement` is its default. The curve's loss is the joint one;
    a loss's memory serves both; the first network is validated and saved. Transforms of gradients see the parameters
    of both.
Costs: twice a step, twice the memory.
"""

from collections.abc import Callable
from typing import Literal

from pydantic import Field
from torch import Tensor

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, StepContext, Teacher
from tasks.train.teachers._divergence import divergence


class Jocor(Method):
    name: Literal["jocor"] = "jocor"
    agreement: float = Field(
        0.1, ge=0, le=1, description="share of the loss that is the networks' disagreement (code: 0.1)"
    )

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        return Joint(self.agreement, new_network())


class Joint(Teacher):
    def __init__(self, agreement: float, peer: AnySize):
        super().__init__(peer)
        self.agreement = agreement

    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        first_out, second_out = context.outputs(), context.outputs(self.peer, self.peer)
        apart = divergence(first_out.logits, second_out.logits) + divergence(second_out.logits, first_out.logits)
        labels = context.values(first_out) + context.values(second_out)
        joint = (1 - self.agreement) * labels + self.agreement * apart.where(context.targets.valid, 0)
        return joint * context.weights(joint, first_out), first_out
