"""Leave out the pixels of each class that fit their label worst: what is learnt late is more often wrong.

Paper: Han et al., Co-teaching, NeurIPS 2018, arXiv 1804.06872, algorithm 1 (its choice, for one network too). Per
    class: own.
Formula: n = pixels with this given label in the batch; the n - floor((1 - R) n) of them with the lowest loss have
    weight 1,
    the others 0;  R = 1 - rate * min(progress / ramp, 1)
Limits: rate 0, or the first step: every pixel. ramp 0: the whole rate at once. rate 1/2: the better half of each
    class.
Differs: per class of the given label. Over all pixels at once (`per_class` false, as in the paper) rare classes and
    borders, whose loss is high though their labels are right, are what is left out first. The paper ramps over 10 of
    200 epochs (0.05); of a short training that is nothing, and early losses say little. At least one pixel of each
    class is kept, of equal losses those that come first. A pixel of which a set of classes is known has no given
    label: it is always kept. The batch is what one process sees in one forward pass.
Costs: two sorts of the pixels of a batch.
"""

from typing import Annotated, ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int64
from pydantic import Field, model_validator
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.step_context import Outputs, Selection
from tasks.train.api.targets import Targets

Rate = Annotated[float, Field(ge=0, lt=1)]


class SmallLoss(Method):
    name: Literal["small_loss"] = "small_loss"
    rate: Rate = Field(0.2, description="share of each class that is left out in the end: how many labels are wrong")
    rates: tuple[Rate, ...] = Field(
        (), description="the same class by class, as dataset.json orders them; () for `rate`"
    )
    ramp: float = Field(0.3, ge=0, le=1, description="share of the training over which the rate rises (paper: 0.05)")
    per_class: bool = Field(True, description="compare the pixels of one given label with each other, not all of them")
    wants_trust: ClassVar[bool] = False

    @model_validator(mode="after")
    def rates_are_of_classes(self) -> "SmallLoss":
        if self.rates and not self.per_class:
            raise ValueError("rates are of classes: set per_class to true, or give one `rate` and leave rates out")
        return self

    def build(self, classes: int) -> Selection:
        if self.rates and len(self.rates) != classes:
            raise ValueError(
                f"train.selection.small_loss.rates has {len(self.rates)} numbers for {classes} classes: give one for "
                "each, in the order of dataset.json, or leave rates out"
            )
        return Kept(self, self.rates or (self.rate,) * classes)


class Kept(Selection):
    rates: Tensor

    def __init__(self, settings: SmallLoss, rates: tuple[float, ...]):
        super().__init__()
        self.settings = settings
        self.register_buffer("rates", torch.tensor(rates), persistent=False)

    def forward(self, values: Tensor, outputs: Outputs, targets: Targets) -> Tensor:
        settings, alone = self.settings, targets.valid
        if targets.sets is not None:
            alone = alone & (targets.sets < 0)
        reached = min(targets.progress / settings.ramp, 1.0) if settings.ramp else 1.0
        names = targets.labels[alone] if settings.per_class else torch.zeros_like(targets.labels[alone])
        kept = targets.valid.clone()
        kept[alone] = lowest(values[alone], names, reached * self.rates)
        return kept.to(values.dtype)


def lowest(values: Float[Tensor, " n"], names: Int64[Tensor, " n"], rates: Float[Tensor, " c"]) -> Bool[Tensor, " n"]:
    """Whether each value stays when, of those with equal name, the share rates[name] that is highest goes."""
    order = values.argsort(stable=True)
    order = order[names[order].argsort(stable=True)]  # by name, and within a name from the lowest value up
    sorted_names = names[order]
    numbers = torch.arange(len(rates) + 1, device=names.device)
    first = torch.searchsorted(sorted_names, numbers)
    count = first.diff()
    # The small number lets 0.7 of 10 be seven, whatever a float makes of it.
    stay = count - torch.minimum((rates * count + 1e-3).floor().long(), (count - 1).clamp_min(0))
    rank = torch.arange(len(names), device=names.device) - first[sorted_names]
    kept = torch.empty_like(names, dtype=torch.bool)
    kept[order] = rank < stay[sorted_names]
    return kept
