"""Label smoothing only on suspected pixels: those where confident learning finds another class than the label.

Paper: Zhang et al., Characterizing Label Errors: Confident Learning for Noisy-Labeled Image Segmentation, MICCAI 2020
    (SLSR).
Formula: w[y] * -((1 - e) * log p[y] + e * mean_k log p[k]);  e = `smoothing` where suspected, else 0
    suspected: j = argmax p is not y, and p[j] >= t[j], the mean p[j] over pixels labelled j;  none before a share
    `start` of the training;  p = softmax(logits);  t: tasks/train/losses/_running_thresholds.py;  w: tasks/train/losses/_class_weights.py
Limits: smoothing 0 or start 1 is cross entropy. Where all is suspected, cross entropy with smoothing. Suspicion is no
    weight: a suspected pixel is still taught its label, less surely. Validation shows plain cross entropy.
Differs: the paper finds suspects once, by cross validation with networks of their own, and trains anew; here the
    network in training suspects, with running thresholds, so the suspects change. `start` is ours: early networks have
    not memorised wrong labels yet, but must have learnt something.
Costs: one log-softmax; 4 * classes numbers.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses._class_weights import Weights, weighted
from tasks.train.losses._running_thresholds import Thresholds


class SuspectedSmoothing(Loss):
    name: Literal["suspected_smoothing"] = "suspected_smoothing"
    smoothing: float = Field(
        0.25, ge=0, le=1, description="share of a suspected label's mass that is spread over all classes (code: 0.25)"
    )
    start: float = Field(0.2, ge=0, le=1, description="share of the training before labels are suspected")
    momentum: float = Field(0.99, ge=0, lt=1, description="how much of the thresholds stays from step to step")
    weights: Weights = "none"

    def build(self, classes: int, cells: int) -> nn.Module:
        return Suspecting(self, classes)


class Suspecting(nn.Module):
    def __init__(self, settings: SuspectedSmoothing, classes: int):
        super().__init__()
        self.settings, self.thresholds = settings, Thresholds(classes, settings.momentum)

    def forward(self, logits: Float[Tensor, "b c h w"], targets: Targets) -> Float[Tensor, "b h w"]:
        log_p = logits.log_softmax(1)
        loss = -log_p.gather(1, targets.labels[:, None])[:, 0]
        if self.training:
            suspected = self.suspected(log_p.detach().exp(), targets)
            share = self.settings.smoothing * suspected.to(loss.dtype)
            loss = (1 - share) * loss - share * log_p.mean(1)
        return weighted(loss, targets, self.settings.weights)

    @torch.no_grad()
    def suspected(self, p: Float[Tensor, "b c h w"], targets: Targets) -> Bool[Tensor, "b h w"]:
        t = self.thresholds(p, targets)
        top, best = p.max(1)
        return (best != targets.labels) & (top >= t[best]) & (targets.progress >= self.settings.start)
