"""The transition matrix T[i, j] = P(label j | truth i): given, or estimated while the network still learns plainly.

Papers: Patrini et al., Making Deep Neural Networks Robust to Label Noise, CVPR 2017, arXiv 1609.03683 (anchors);
    Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068 (joint).
Estimate: over the second half of the time before `start`, then it stands.
    anchors: T[i] = mean of p over the pixels that are surest to be i: where argmax p = i in an image, the `share`
        with the highest p[i] (rounded down, so that a few stray pixels hold no anchor)
    joint: C[y, j] = number of pixels labelled y with p[j] >= t[j], j the likeliest of such;  rows are
        scaled to the frequencies of the labels;  T[j, y] = C[y, j] / sum_y C[y, j];  t: tasks/train/losses/_running_thresholds.py
Limits: a class that was never counted keeps its labels: T[i] is a row of the identity. Rows whose diagonal is below
    `least` are mixed with the identity until it is `least`: above 1/2 T is invertible, with row sums of |T^-1| up to
    1 / (2 least - 1). A look more at the same batch (SAM, a second network) counts it again: means stay means.
Differs: the papers estimate with a network trained to the end and train a second one; here the young network is asked,
    which has not memorised wrong labels yet; but what it is unsure of counts as noise. Anchors are the mean of the
    highest 3 % of each image (paper: the 97th percentile of all).
"""

from typing import Annotated, Literal

import torch
from jaxtyping import Bool, Float, Int64
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from segmend.metrics.confident_learning import calibrated, confident_class, count_pairs
from tasks.train.api.distributed import all_reduce
from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._running_thresholds import Thresholds

MOMENTUM = 0.99
Rows = tuple[tuple[Annotated[float, Field(ge=0, le=1)], ...], ...]


def checked(rows: Rows | None) -> Rows | None:
    """The rows, if they are a transition matrix that leaves classes their names."""
    if rows is None:
        return None
    for number, row in enumerate(rows):
        if len(row) != len(rows):
            raise ValueError(f"row {number} has {len(row)} numbers; with {len(rows)} rows each must have {len(rows)}")
        if abs(sum(row) - 1) > 1e-3:
            raise ValueError(
                f"row {number} sums to {sum(row):g}; it must sum to 1, for it says what class {number} is labelled as"
            )
        if row[number] < max(row):
            raise ValueError(
                f"row {number} says that class {number} is labelled {row.index(max(row))} more often than {number}; "
                "the diagonal must be the largest number of its row: rows are true classes, columns the labels they get"
            )
    return rows


Matrix = Annotated[
    Rows | None,
    AfterValidator(checked),
    Field(description="row i: how often a pixel of class i is labelled 0, 1, ...; null: estimated while training"),
]
Estimate = Annotated[
    Literal["anchors", "joint"],
    Field(
        description="by the surest pixels of each class (Patrini), or by counts of sure pixels per label (Northcutt)"
    ),
]
Start = Annotated[
    float,
    Field(ge=0, le=1, description="share of the training with plain cross entropy, after which labels are corrected"),
]
Least = Annotated[
    float, Field(gt=0.5, le=1, description="an estimate never says that fewer labels than this are right")
]
Share = Annotated[
    float, Field(gt=0, le=1, description="share of the pixels of a class that are its anchors (paper: 3 %)")
]


class Transition(nn.Module):
    """Built for a number of classes; `learn` collects, `matrix` is None until there is one."""

    table: Tensor

    def __init__(
        self, classes: int, where: str, given: Rows | None, estimate: str, start: float, least: float, share: float
    ):
        super().__init__()
        if given is not None and len(given) != classes:
            raise ValueError(
                f"train.loss.{where}.matrix has {len(given)} rows, but the dataset {classes} classes: "
                "give one row for each class"
            )
        self.given = given is not None
        self.estimate, self.start, self.least, self.share = estimate, start, least, share
        if given is not None:
            self.register_buffer("table", torch.tensor(given))
        elif estimate == "joint":
            self.thresholds = Thresholds(classes, MOMENTUM)
            self.register_buffer(
                "table", torch.zeros(classes, classes, dtype=torch.long)
            )  # a float stops counting at 2^24
        else:
            self.register_buffer("table", torch.zeros(classes, classes))

    def matrix(self, targets: Targets) -> Float[Tensor, "c c"] | None:
        """T at this point of the training; None while there is nothing but plain learning."""
        if self.given:
            return self.table
        if targets.progress < self.start:
            return None
        if self.estimate == "anchors":
            return diagonal(self.table, self.least)
        return diagonal(calibrated(self.table, targets.frequency, keep_uncounted=False).T, self.least)

    def now(self, log_p: Float[Tensor, "b c h w"], targets: Targets, training: bool) -> Float[Tensor, "c c"] | None:
        """Collect, then T; validation does neither."""
        if not training:
            return None
        self.learn(log_p.detach(), targets)
        return self.matrix(targets)

    @torch.no_grad()
    def learn(self, log_p: Float[Tensor, "b c h w"], targets: Targets) -> None:
        """Collect what the estimate is made of."""
        if self.given or targets.progress >= self.start:
            return
        p = log_p.exp()
        counting = targets.progress >= self.start / 2
        if self.estimate == "joint":
            t = self.thresholds(p, targets)
            if counting:
                self.table += all_reduce(joint(p, targets, t))
        elif counting:
            self.table += all_reduce(anchors(p, targets.valid, self.share).to(self.table.dtype))


class Transitional(Loss):
    """Base of the losses that know how truth becomes label: the fields of T."""

    matrix: Matrix = None
    estimate: Estimate = "anchors"
    start: Start = 0.3
    least: Least = 0.6
    share: Share = 0.03

    def transition(self, classes: int) -> Transition:
        where: str = self.name  # type: ignore[attr-defined]  # every method has one
        return Transition(classes, where, self.matrix, self.estimate, self.start, self.least, self.share)


def joint(p: Float[Tensor, "b c h w"], targets: Targets, t: Float[Tensor, " c"]) -> Int64[Tensor, "c c"]:
    """How many pixels with the label of the row are confidently of the column's class."""
    confident = confident_class(p, t[:, None, None], 1).where(targets.valid, -1)
    return count_pairs(targets.labels, confident, len(t))


def anchors(p: Float[Tensor, "b c h w"], valid: Bool[Tensor, "b h w"], share: float) -> Float[Tensor, "c c"]:
    """Sums of the probabilities of the surest pixels of each class in each image."""
    classes = p.shape[1]
    rows = p.movedim(1, -1)[valid]
    top, best = rows.max(1)
    group = valid.nonzero()[:, 0] * classes + best
    order = top.argsort(descending=True, stable=True)
    order = order[group[order].argsort(stable=True)]  # by group, the surest first
    group = group[order]
    sizes = torch.bincount(group, minlength=len(p) * classes)
    rank = torch.arange(len(group), device=p.device) - (sizes.cumsum(0) - sizes)[group]
    surest = order[rank < (share * sizes).long()[group]]
    return p.new_zeros(classes, classes).index_add(0, best[surest], rows[surest])


def diagonal(rows: Float[Tensor, "c c"], least: float) -> Float[Tensor, "c c"]:
    """Rows scaled to sum 1, and no diagonal below `least`; empty rows become those of the identity."""
    identity = torch.eye(len(rows), device=rows.device, dtype=rows.dtype)
    total = rows.sum(1, keepdim=True)
    rows = torch.where(total > 0, rows / total, identity)
    own = rows.diagonal()[:, None]
    mix = ((least - own) / (1 - own)).where(own < least, 0)
    return (1 - mix) * rows + mix * identity
