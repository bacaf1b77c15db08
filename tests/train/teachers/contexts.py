"""Step contexts for the tests of teachers: networks that see each pixel alone."""

from typing import Any

import torch
from torch import nn

from segmend.network.segmenter import AnySize
from tasks.train.api.step_context import StepContext
from tasks.train.api.targets import targets_of
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.selections.all import All


class Pointwise(nn.Module):
    """Logits of a pixel are a linear map of its channels; these are its features."""

    classifier = "head"

    def __init__(self, weight: list[list[float]], bias: list[float]):
        super().__init__()
        self.head = nn.Conv2d(3, len(bias), 1)
        self.head.weight.data, self.head.bias.data = torch.tensor(weight)[..., None, None], torch.tensor(bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(x)


def pointwise(weight: list[list[float]], bias: list[float]) -> AnySize:
    return AnySize(Pointwise(weight, bias), 1)


def constant(*logits: float) -> AnySize:
    return pointwise([[0.0] * 3] * len(logits), list(logits))


def context(
    network: AnySize, labels: Any, images: torch.Tensor | None = None, selection: Any = None, progress: float = 1.0
) -> StepContext:
    """Cross entropy; `labels` of one row of pixels, or a map."""
    maps = torch.as_tensor(labels, dtype=torch.uint8)
    maps = maps if maps.ndim == 3 else maps.view(1, 1, -1)
    if images is None:
        images = torch.zeros(maps.shape[0], 3, *maps.shape[1:])
    classes = network.body.head.out_channels
    targets = targets_of(maps, torch.full((classes,), 1 / classes), progress=progress)
    amp = torch.autocast("cpu", enabled=False)
    chosen = selection or All().build(classes)
    return StepContext(network, network, images, targets, CrossEntropy().build(classes, 0), chosen, amp)
