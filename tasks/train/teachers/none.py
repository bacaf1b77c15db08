"""The labels alone teach.

Formula: loss of a pixel times its weight (train.selection)
Idea: the plain case.
Limits: with the selection `all`, the loss as it is.
Costs: nothing.
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor

from segmend.network.segmenter import AnySize
from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, StepContext, Teacher


class Nothing(Method):
    name: Literal["none"] = "none"

    def build(self, new_network: Callable[[], AnySize]) -> Teacher:
        """`new_network()` makes one more network of the same kind, with other random weights."""
        return LabelsAlone()


class LabelsAlone(Teacher):
    def forward(self, context: StepContext) -> tuple[Tensor, Outputs]:
        outputs = context.outputs()
        values = context.values(outputs)
        return values * context.weights(values, outputs), outputs
