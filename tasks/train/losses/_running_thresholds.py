"""Thresholds of confident learning, as a running mean over steps: the mean probability of each class where it is the given label.

Paper: Northcutt et al., Confident Learning, JAIR 2021, arXiv 1911.00068: the thresholds t[j].
Formula: t[j] = sum p[j] / n over pixels labelled j;  in each step that holds class j both sum and n become
    momentum * old + the step's
Limits: t is that of the steps before: so all parts of a step, in any order, and every pass over them, use the same t.
    A class not seen yet has t = infinity: no pixel is confident to be of it. momentum 0: the last step
    with the class alone.
Differs: from probabilities while the network learns, not from a network that has not seen the labels: early in
    training, before wrong labels are memorised, the two are close.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from segmend.metrics.confident_learning import mean_thresholds, self_confidence_sums
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
        self.register_buffer("now", torch.zeros(2, classes))  # those of the current step
        self.register_buffer("step", torch.tensor(-1.0))  # the progress at which `now` was counted

    @torch.no_grad()
    def forward(self, p: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, " c"]:
        """The thresholds of the steps before; the batch counts from the next step on."""
        self.advance(targets.progress)
        labels, kind = targets.labels.flatten(), self.now.dtype
        own = p.gather(1, targets.labels[:, None])[:, 0].where(targets.valid, 0).flatten().to(kind)
        sums = [self_confidence_sums(labels, each, p.shape[1]) for each in (own, targets.valid.flatten().to(kind))]
        self.now += all_reduce(torch.stack(sums))
        past_sums, past_pixels = self.past
        return mean_thresholds(past_sums, past_pixels, torch.inf).to(p.dtype)

    def advance(self, progress: float) -> None:
        """At the beginning of a new step the counts of the last one are added to the past."""
        at = torch.full_like(self.step, progress)
        new = at != self.step
        counted = new & (self.now[1] > 0)
        self.past.copy_(torch.where(counted, self.momentum * self.past + self.now, self.past))
        self.now.copy_(torch.where(new, 0, self.now))
        self.step.copy_(at)
