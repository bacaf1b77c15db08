"""Early-learning regularisation: predictions of earlier epochs for the same pixels weaken the gradient of wrong labels.

Paper: Liu et al., Early-Learning Regularization Prevents Memorization of Noisy Labels, NeurIPS 2020, arXiv 2007.00151.
Formula: w[y] * -log p[y] + strength * log(1 - <t, q>);  q = softmax(logits) clamped to [1e-4, 1 - 1e-4]
    t of the pixel's cell, moved before it is used: t <- beta * t + (1 - beta) * mean of q / sum q over the cell's
    visible labelled pixels, without gradient;  t = 0 at first;  w: tasks/train/losses/_class_weights.py, on the cross entropy alone
Limits: strength 0 is cross entropy; beta 1 too, for t stays 0; beta 0 remembers nothing but this look. Least value of
    the second part: strength * log 1e-4. Validation shows plain cross entropy.
Differs: targets are kept for cells of grid x grid pixels of the original image, not for pixels (grid 1: the paper's);
    crops and flips carry the cells along. In a step a cell moves once: of further looks at it (SAM, a second network)
    none counts.
Costs: cells * (classes * 2 + 4) bytes, with float32 cells * (classes * 4 + 4), also in each checkpoint; cells is the
    sum of ceil(height / grid) * ceil(width / grid) over the training images. 10 582 images of 500 x 375 with 21
    classes: 1.4 GB with the defaults, 91 GB with grid 1. A beta near 1 wants float32: steps below 1/2000 get lost.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn

from tasks.train.api.distributed import all_gather
from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted

EDGE = 1e-4


class Elr(Loss):
    name: Literal["elr"] = "elr"
    strength: float = Field(
        3.0,
        ge=0,
        le=100,
        description="weight of the agreement with early predictions (paper: 3; asymmetric noise 1; 100 classes 7)",
    )
    beta: float = Field(
        0.7, ge=0, le=1, description="momentum of the memory (paper: 0.7; asymmetric noise, 100 classes 0.9)"
    )
    grid: int = Field(8, ge=1, le=1024, description="side of the cells of the memory, in pixels (paper: 1)")
    memory: Literal["float16", "float32"] = Field("float16", description="its data type")
    weights: Weights = "none"

    def cell_side(self) -> int:
        return self.grid

    def build(self, classes: int, cells: int) -> nn.Module:
        return Remembering(self, classes, cells)


class Remembering(nn.Module):
    memory: Tensor
    moved: Tensor

    def __init__(self, settings: Elr, classes: int, cells: int):
        super().__init__()
        self.settings = settings
        self.register_buffer("memory", torch.zeros(cells, classes, dtype=getattr(torch, settings.memory)))
        self.register_buffer("moved", torch.full((cells,), -1.0))  # the progress at which each cell last moved

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        loss = weighted(F.cross_entropy(logits, targets.labels, reduction="none"), targets, self.settings.weights)
        if not self.training or targets.cells is None:
            return loss
        q = logits.softmax(1).clamp(EDGE, 1 - EDGE)
        self.remember(q.detach(), targets.cells, targets)
        t = self.memory[targets.cells].to(q.dtype).movedim(-1, 1)
        return loss + self.settings.strength * (1 - (t * q).sum(1)).clamp_min(EDGE).log()

    @torch.no_grad()
    def remember(self, q: Float[Tensor, "b c h w"], cells: Int64[Tensor, "b h w"], targets: Targets) -> None:
        rows = (q / q.sum(1, keepdim=True)).movedim(1, -1)[targets.valid]
        rows = torch.cat([rows, torch.ones_like(rows[:, :1])], 1)
        places, sums = by_cell(cells[targets.valid], rows)
        places, sums = by_cell(all_gather(places[:, None])[:, 0], all_gather(sums))  # an image may be twice in a step
        old = self.memory[places].to(q.dtype)
        new = self.settings.beta * old + (1 - self.settings.beta) * sums[:, :-1] / sums[:, -1:]
        moves = self.moved[places] != torch.full_like(self.moved[:1], targets.progress)
        self.memory[places] = torch.where(moves[:, None], new, old).to(self.memory.dtype)
        self.moved[places] = targets.progress


def by_cell(cells: Int64[Tensor, " n"], rows: Float[Tensor, "n d"]) -> tuple[Int64[Tensor, " m"], Float[Tensor, "m d"]]:
    """The cells that occur, in order, and the sums of their rows."""
    cell_ids, index = cells.unique(return_inverse=True)
    return cell_ids, rows.new_zeros(len(cell_ids), rows.shape[1]).index_add(0, index, rows)
