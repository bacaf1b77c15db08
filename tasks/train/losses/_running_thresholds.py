"""How sure the network is of each class where that class is the given label, as a running mean over steps.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068: the thresholds t[j].
Formula: t[j] = sum p[j] / n over pixels labelled j;  in each step that holds class j both sum and n become
    momentum * old + the step's
Limits: t is that of the steps before: so all parts of a step, in any order, and every look at them, meet the same t.
    A class not seen yet has t = infinity: nothing is ever sure to be it. momentum 0: the last step
    with the class alone.
Differs: from probabilities while the network learns, not from a network that has not seen the labels: early in
    training, before wrong labels are memorised, the two are close.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tasks.train.api.distributed import all_reduce
from tasks.train.api.targets import Targets


class Thresholds(nn.Module):
    past: Tensor
    now: Tensor
    step: Tensor

    def __init__(self, classes: int, momentum: float):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("past", torch.zeros(2, classes))  # sums of p[y], and numbers of pixels
        self.register_buffer("now", torch.zeros(2, classes))  # those of the step that is being taken
        self.register_buffer("step", torch.tensor(-1.0))  # the progress that `now` belongs to

    @torch.no_grad()
    def forward(self, p: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, " c"]:
        """The thresholds of the steps before; the batch counts from the next step on."""
        self.turn_to(targets.progress)
        given = p.gather(1, targets.labels[:, None])[:, 0].where(targets.valid, 0)
        ones = torch.stack([given, targets.valid.to(given.dtype)]).flatten(1).to(self.now.dtype)
        self.now += all_reduce(torch.zeros_like(self.now).index_add(1, targets.labels.flatten(), ones))
        sums, pixels = self.past
        return torch.where(pixels > 0, sums / pixels, torch.inf).to(p.dtype)

    def turn_to(self, progress: float) -> None:
        """Where a new step begins, what was counted in the last one becomes past."""
        at = torch.full_like(self.step, progress)
        new = at != self.step
        came = new & (self.now[1] > 0)
        self.past.copy_(torch.where(came, self.momentum * self.past + self.now, self.past))
        self.now.copy_(torch.where(new, 0, self.now))
        self.step.copy_(at)
