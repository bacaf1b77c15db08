"""The gradient is taken where the weights are.

Formula: g = gradient of L at w
Idea: the plain case.
Limits: none.
Costs: nothing.
"""

from typing import Literal

from torch import Tensor, nn

from segmend.stage.params import Method


class Nothing(Method):
    name: Literal["none"] = "none"

    def offsets(self, parameters: list[nn.Parameter]) -> list[Tensor] | None:
        """What is added to each parameter before the gradient is taken again; None: it is not taken again."""
        return None
