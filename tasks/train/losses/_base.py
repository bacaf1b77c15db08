"""What every loss is: logits and targets -> one value per pixel; the loop alone masks and averages.

A loss without memory is its call. One with memory or parameters of its own (per-sample targets, a learnt tolerance) has a
`build` that returns a module with the same call: its state goes into the checkpoint, its parameters are trained, and in
evaluation mode (validation) it remembers nothing.
"""

from typing import Any, ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from segmend.stage.params import Method
from tasks.train.api.targets import Targets


class Loss(Method):
    """Base of the losses."""

    partial: ClassVar[bool] = False  # whether it learns from sets of classes; others use the label maps as they are
    per_pixel: ClassVar[bool] = True  # whether a pixel's value depends on that pixel alone
    rate: ClassVar[float] = 1.0  # learning rate of its own parameters, times the network's

    def cell_side(self) -> int:
        """Side of the cells of its memory, in pixels: then targets.cells says which one a pixel lies in. 0: it has none."""
        return 0

    def build(self, classes: int, cells: int) -> nn.Module:
        """The loss as a module, for `classes` classes and a training set of `cells` cells."""
        return Stateless(self)


class Stateless(nn.Module):
    """A loss that is its call."""

    def __init__(self, call: Any):
        super().__init__()
        self.call = call

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        return self.call(logits, targets)
