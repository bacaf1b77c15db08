"""Weigh pixels by whether their loss is low for their class, and their features near its prototype.

Paper: class-wise mixtures with prototypes: CPC, arXiv 2212.10766 (idea). Mixture on the loss: Arazo et al., 2019,
    arXiv 1904.11238; Li et al., DivideMix, ICLR 2020, arXiv 2002.07394. Running statistics: Cappe, Moulines, On-line
    EM, 2009.
Idea: classes differ in how hard they are, so one mixture over all losses takes hard classes for wrong labels.
Formula: per given label y: two normal distributions over the loss l; g = P(low | l kept between the two means)
    s = softmax_k(cos(z, prototype[k]) / 0.1)[y];  prototype[k] = running mean of g * z where y = k; z: features
    w = (1 - prototypes) * g + prototypes * s;  weight = w / max(running mean of w in class y, 0.1);  1 before `start`
    statistics (share, sum, sum of squares) <- (1 - r) * statistics + r * the batch's, r = max(rate, 1 / batches seen)
Limits: prototypes 0: the mixture alone, and no features are wanted; 1: prototypes alone. start 1: every pixel counts
    alike. Equal losses, or parts that have changed places: g = 1. Scaling all losses changes nothing.
Differs: the papers fit anew each epoch with all losses in memory; here one step of EM a batch, with statistics per
    class. CPC trains prototypes with a loss of their own; here they are means over what is thought clean. A loss
    beyond the two means counts as the nearer one: else the wider part would claim the lowest losses too. Weights have
    mean 1 in each class (down to a tenth): a class hard to learn is not lost. Standard deviations are at least a tenth
    of the class's. A pixel of which a set of classes is known counts 1. Under several processes each uses its own
    share of a batch, then statistics are averaged. Sharpness that takes a gradient twice (sam) counts a batch twice.
Costs: three maps as large as the logits; memory (classes) x (8 + features).
"""

from typing import Any, ClassVar, Literal, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from pydantic import Field
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, Selection
from tasks.train.api.targets import Targets

LEAST, PRIOR, WARMTH = 0.1, 1e-3, 0.1  # of spread and of mean weight; of a part's share; temperature of the cosines


class Mixture(Method):
    name: Literal["mixture"] = "mixture"
    prototypes: float = Field(
        0.5, ge=0, le=1, description="weight of the class prototypes against that of the loss (0: the loss alone)"
    )
    rate: float = Field(0.1, gt=0, le=1, description="how fast statistics follow the batches")
    start: float = Field(0.2, ge=0, le=1, description="share of the training before which every pixel counts alike")
    wants_trust: ClassVar[bool] = False

    def build(self, classes: int) -> Selection:
        return Parts(self, classes)


class Parts(Selection):
    batches: Tensor
    parts: Tensor
    mean: Tensor
    sums: Tensor

    def __init__(self, settings: Mixture, classes: int):
        super().__init__()
        self.settings = settings
        self.wants_features = settings.prototypes > 0
        self.register_buffer("batches", torch.zeros(classes))  # that held a pixel of the class
        # Share, sum and sum of squares of the low and of the high part.
        self.register_buffer("parts", torch.zeros(classes, 3, 2))
        self.register_buffer("mean", torch.zeros(classes))  # of the weights
        self.register_buffer("sums", torch.zeros(classes, 0))  # of the features: as many as the network has
        self.register_load_state_dict_pre_hook(make_room)

    def forward(self, values: Tensor, outputs: Outputs, targets: Targets) -> Tensor:
        alone = targets.valid if targets.sets is None else targets.valid & (targets.sets < 0)
        names = targets.labels[alone]
        loss = values[alone].float()
        features = (
            cast(Tensor, outputs.features).movedim(1, -1)[alone]
            if self.wants_features
            else loss.new_zeros(len(loss), 0)
        )
        clean = self.learn(loss, names, features.float())
        weights = torch.ones_like(values)
        if targets.progress >= self.settings.start:
            # Both are smaller by the same factor where other processes saw nothing of a class.
            mean = self.mean / self.parts[:, 0].sum(1).clamp_min(1e-12)
            weights[alone] = (clean / mean[names].clamp_min(LEAST)).to(values.dtype)
        return weights

    def learn(
        self, loss: Float[Tensor, " n"], names: Int64[Tensor, " n"], features: Float[Tensor, "n d"]
    ) -> Float[Tensor, " n"]:
        """How clean each pixel looks, 0..1, after the statistics have followed this batch."""
        if not self.sums.shape[1]:
            self.sums = self.sums.new_zeros(len(self.sums), features.shape[1])
        # Sums over classes are products with a one-hot matrix: scattered additions come out in any order on GPUs.
        member = (names == torch.arange(len(self.batches), device=names.device)[:, None]).float()
        count = member.sum(1)
        present, count = count > 0, count.clamp_min(1)
        self.batches += present
        pace = torch.where(present, (1 / self.batches.clamp_min(1)).clamp_min(self.settings.rate), 0)

        powers = torch.stack([torch.ones_like(loss), loss, loss**2], 1)
        whole = member @ powers / count[:, None]  # of the batch's pixels of each class: 1, mean, mean square
        known = (self.batches - present.float() > 0)[:, None, None]
        share = posterior(loss, names, normals(torch.where(known, self.parts, halves(whole))))
        batch = torch.stack([member @ (powers * share[:, k, None]) for k in (0, 1)], 2) / count[:, None, None]
        self.parts.lerp_(batch, pace[:, None, None])

        mixture = normals(self.parts)
        low, high = mixture[1][names].unbind(1)
        share = posterior(torch.minimum(torch.maximum(loss, low), high), names, mixture)[:, 0]
        clean = torch.where(told_apart(mixture)[names], share, 1)
        if self.wants_features:
            self.sums.lerp_(member @ (features * clean[:, None]) / count[:, None], pace[:, None])
            likeness = features @ F.normalize(self.sums).T / WARMTH
            unseen = self.batches == 0
            own = likeness.masked_fill(unseen, -torch.inf).softmax(1).gather(1, names[:, None])[:, 0]
            clean = (1 - self.settings.prototypes) * clean + self.settings.prototypes * own
        self.mean.lerp_(member @ clean / count, pace)
        return clean


def halves(whole: Float[Tensor, "c 3"]) -> Float[Tensor, "c 3 2"]:
    """Where a class begins: two equal parts, one standard deviation below and above its mean, as wide as the class."""
    mean = whole[:, 1]
    spread = (whole[:, 2] - mean**2).clamp_min(0)
    means = mean[:, None] + spread.sqrt()[:, None] * torch.tensor([-1.0, 1.0], device=whole.device)
    return torch.stack([torch.ones_like(means), means, means**2 + spread[:, None]], 1) / 2


def normals(parts: Float[Tensor, "c 3 2"]) -> tuple[Tensor, Tensor, Tensor]:
    """Shares, means and variances (c, 2); each part is pulled a little to the whole class, so that none is empty."""
    every = parts.sum(2)
    mean, square = (every[:, k] / every[:, 0].clamp_min(1e-12) for k in (1, 2))
    share = parts[:, 0] + PRIOR
    means = (parts[:, 1] + PRIOR * mean[:, None]) / share
    floor = (LEAST**2 * (square - mean**2)).clamp_min(1e-12)
    variances = (parts[:, 2] + PRIOR * square[:, None]) / share - means**2
    return share, means, torch.maximum(variances, floor[:, None])


def told_apart(mixture: tuple[Tensor, Tensor, Tensor]) -> Bool[Tensor, " c"]:
    """Whether the low part of a class lies below the high one by more than rounding."""
    _, means, variances = mixture
    return means[:, 1] - means[:, 0] > 1e-3 * variances.max(1).values.sqrt() + 1e-6 * means.abs().max(1).values


def posterior(
    loss: Float[Tensor, " n"], names: Int64[Tensor, " n"], mixture: tuple[Tensor, Tensor, Tensor]
) -> Float[Tensor, "n 2"]:
    """The probability that each loss comes from the low and from the high part of its class."""
    share, means, variances = mixture
    scores = share.log() - variances.log() / 2
    return (scores[names] - (loss[:, None] - means[names]) ** 2 / (2 * variances[names])).softmax(1)


def make_room(module: Any, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """A checkpoint knows how many features the network has; a new selection does not yet."""
    module.sums = torch.empty_like(state[f"{prefix}sums"], device=module.sums.device)
