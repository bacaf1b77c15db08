"""Rows of pixels with given probabilities, for numbers worked out by hand."""

from collections.abc import Sequence

import torch

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss


def targets_for(
    labels: Sequence[int], classes: int, frequency: Sequence[float] | None = None, progress: float = 0.0
) -> Targets:
    """One image of one row; label -1 is ignored. The classes are equally frequent, if nothing else is said."""
    y = torch.tensor(labels).view(1, 1, -1)
    shares = torch.tensor(frequency or [1 / classes] * classes, dtype=torch.float64)
    return Targets(y.clamp_min(0), y >= 0, shares, progress=progress)


def row(
    loss: Loss,
    p: Sequence[Sequence[float]],
    labels: Sequence[int],
    frequency: Sequence[float] | None = None,
    progress: float = 0.0,
) -> list[float]:
    """The loss of each pixel; probabilities by pixel, then class."""
    logits = torch.tensor(p, dtype=torch.float64).log().T[None, :, None]
    return loss(logits, targets_for(labels, len(p[0]), frequency, progress)).ravel().tolist()


def pixels(count: int = 6, classes: int = 4) -> tuple[list[list[float]], list[int]]:
    """Some probabilities and labels, always the same."""
    generator = torch.Generator().manual_seed(0)
    p = torch.randn(count, classes, generator=generator, dtype=torch.float64).softmax(1)
    return p.tolist(), torch.randint(0, classes, (count,), generator=generator).tolist()


def summed_over_labels(loss: Loss, p: Sequence[float]) -> float:
    """What one pixel costs, summed over all labels that it could have."""
    return sum(row(loss, [p], [k])[0] for k in range(len(p)))
