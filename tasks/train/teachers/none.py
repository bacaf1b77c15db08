"""The labels alone teach.

Formula: loss of a pixel times its weight (train.selection)
Idea: the plain case.
Limits: with the selection `all`, the loss as it is.
Costs: nothing.
"""

from collections.abc import Callable
from typing import Literal

from torch import Tensor

from tasks.network import AnySize
from tasks.params import Method
from tasks.train import turn


class Nothing(Method):
    name: Literal["none"] = "none"

    def build(self, another: Callable[[], AnySize]) -> turn.Teacher:
        """`another()` makes one more network of the same kind, with other random weights."""
        return LabelsAlone()


class LabelsAlone(turn.Teacher):
    def forward(self, now: turn.Turn) -> tuple[Tensor, turn.Outputs]:
        seen = now.look()
        values = now.values(seen)
        return values * now.weights(values, seen), seen
