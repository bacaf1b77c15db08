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
from tasks.train.api import step_context


class Nothing(Method):
    name: Literal["none"] = "none"

    def build(self, another: Callable[[], AnySize]) -> step_context.Teacher:
        """`another()` makes one more network of the same kind, with other random weights."""
        return LabelsAlone()


class LabelsAlone(step_context.Teacher):
    def forward(self, now: step_context.StepContext) -> tuple[Tensor, step_context.Outputs]:
        seen = now.look()
        values = now.values(seen)
        return values * now.weights(values, seen), seen
