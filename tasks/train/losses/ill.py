"""Imprecise labels: one likelihood for single labels that may be wrong, sets of classes, and no label at all.

Paper: Chen et al., Imprecise Label Learning, NeurIPS 2024, arXiv 2305.12715; T as in the authors' later code (GLWS).
Idea: the true class is hidden; each label allows some classes, one more than the other. E: q = what is likely of those;
    M: learn q.
Formula: -log sum_k a[k] p[k];  p = softmax(logits);  its gradient is that of cross entropy to q,
    q[k] proportional to a[k] p[k], held fixed
    pixel of a set Y: a[k] = 1 in Y, else 0;  pixel of a label y: a[k] = T[k, y]
    T = least * identity + (1 - least) * softmax of the rows of A, which is learnt with the network; at first a share
    `off` of the softmax lies off the diagonal, spread evenly
Limits: noise none: T = identity: cross entropy for labels, and the merged positive loss for sets (partial
    with ce, mp, pp = 1, 1, 0, but for its scaling); a set of all classes is worth nothing: 0. least -> 1 is noise none.
    Validation shows cross entropy.
Differs: the authors make q from a weakly changed image and teach it to a strongly changed one, and ask both views to
    agree; the loop has one view, so q is of that view (train.teacher adds views). Missing labels: all classes are
    allowed, q = p, which teaches nothing with one view; so that unlabelled pixels are left out, as everywhere here, is
    the same. Sets are people's answers and taken for right: T is for single labels, also for answers that name one.
    `least` keeps the classes' names. Not taken over: the pushing down of the classes outside a set (merging does it),
    the term for equal use of classes (0.1).
Costs: a log-softmax and a log-sum-exp; K^2 parameters.
"""

from math import log
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss


class Ill(Loss):
    name: Literal["ill"] = "ill"
    noise: Literal["learnt", "none"] = Field(
        "learnt", description="learn how single labels go wrong, or take them for right"
    )
    least: float = Field(0.5, ge=0, lt=1, description="at least this share of each class's labels is taken for right")
    off: float = Field(0.2, gt=0, lt=1, description="share of the rest that is taken for wrong at first")
    partial: ClassVar[bool] = True

    def build(self, classes: int, cells: int) -> nn.Module:
        return Imprecise(self, classes)


class Imprecise(nn.Module):
    identity: Tensor

    def __init__(self, settings: Ill, classes: int):
        super().__init__()
        self.settings = settings
        self.register_buffer("identity", torch.eye(classes))
        if settings.noise == "learnt":
            rows = torch.full((classes, classes), log(settings.off / max(1, classes - 1)))
            self.rows = nn.Parameter(rows.fill_diagonal_(log(1 - settings.off)))

    def matrix(self) -> Float[Tensor, "c c"]:
        """T[i, j] = P(label j | truth i)."""
        if self.settings.noise == "none":
            return self.identity
        return self.settings.least * self.identity + (1 - self.settings.least) * self.rows.softmax(1)

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        matrix = self.matrix() if self.training else self.identity
        allows = matrix.to(log_p.dtype).log().T[targets.labels]  # log a[k], classes last
        if targets.sets is not None and targets.candidates is not None:
            inside = targets.sets >= 0
            image = inside.nonzero()[:, 0]
            ticked = targets.candidates[image, targets.sets[inside]].to(allows.dtype)
            allows = allows.masked_scatter(inside[..., None], ticked.log())
        return -(log_p + allows.movedim(-1, 1)).logsumexp(1)
