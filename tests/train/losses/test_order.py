"""Which losses forgive wrong labels: a toy classification whose order is known.

Four clouds of points, two fifths of the training labels replaced by another class, networks large enough to learn all
of them by heart. Only what held with a wide margin is asserted. It holds for points, each of which must be learnt by
itself; for wrong pixels in images the order is another, so nothing here recommends a loss.
"""

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from tasks.train.api.targets import Targets
from tasks.train.losses._base import Loss
from tasks.train.losses.bootstrapping import Bootstrapping
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.focal import Focal
from tasks.train.losses.gce import Gce
from tasks.train.losses.mae import Mae
from tasks.train.losses.nce_rce import NceRce

pytestmark = pytest.mark.slow
SEEDS, CLASSES, POINTS, BATCH, EPOCHS = 3, 4, 600, 100, 120


def clouds(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points of 10 dimensions, of which two tell the class, and their classes; one set for each seed."""
    labels = torch.randint(0, CLASSES, (SEEDS, count), generator=generator)
    points = torch.randn(SEEDS, count, 10, generator=generator)
    points[..., 0] += 4.0 * (labels % 2) - 2.0
    points[..., 1] += 4.0 * (labels // 2) - 2.0
    return points, labels


class Networks(nn.Module):
    """One perceptron 10-128-128-4 for each seed, side by side: they share nothing, and one step trains all."""

    def __init__(self, generator: torch.Generator):
        super().__init__()
        sizes = (10, 128, 128, CLASSES)
        self.weights, self.shifts = nn.ParameterList(), nn.ParameterList()
        for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
            bound = fan_in**-0.5
            self.weights.append(torch.empty(SEEDS, fan_in, fan_out).uniform_(-bound, bound, generator=generator))
            self.shifts.append(torch.empty(SEEDS, 1, fan_out).uniform_(-bound, bound, generator=generator))

    def forward(self, points: Tensor) -> Tensor:
        for k, (weight, shift) in enumerate(zip(self.weights, self.shifts, strict=True)):
            points = torch.baddbmm(shift, points.relu() if k else points, weight)
        return points


@cache
def accuracy(loss: Loss, wrong: float = 0.4) -> float:
    """Of the trained networks on points that were never seen, with their true classes; mean over the seeds."""
    generator = torch.Generator().manual_seed(0)
    points, truth = clouds(POINTS, generator)
    shift = torch.randint(1, CLASSES, truth.shape, generator=generator)
    flipped = torch.rand(truth.shape, generator=generator) < wrong
    given = torch.where(flipped, (truth + shift) % CLASSES, truth)
    test, classes = clouds(4000, generator)
    networks = Networks(generator)
    optimizer = torch.optim.Adam(networks.parameters(), lr=2e-3)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(POINTS, generator=generator).split(BATCH):
            labels = given[:, None, chosen]
            targets = Targets(labels, torch.ones_like(labels, dtype=torch.bool), torch.ones(CLASSES) / CLASSES)
            logits = networks(points[:, chosen]).movedim(-1, 1)[:, :, None]
            optimizer.zero_grad()
            loss(logits, targets).mean(-1).sum().backward()  # a sum over the seeds: each has its own gradient
            optimizer.step()
    with torch.no_grad():
        return float((networks(test).argmax(-1) == classes).float().mean())


def test_right_labels_are_learnt_and_wrong_ones_harm():
    assert accuracy(CrossEntropy(), wrong=0) > 0.9
    assert accuracy(CrossEntropy()) < 0.7


@pytest.mark.parametrize("loss", [Gce(), Mae(), NceRce()], ids=lambda loss: loss.name)
def test_these_forgive_wrong_labels(loss):
    assert accuracy(loss) > accuracy(CrossEntropy()) + 0.1


@pytest.mark.parametrize(
    "loss",
    [CrossEntropy(smoothing=0.1), Focal(), Bootstrapping(), Bootstrapping(belief="hard")],
    ids=["smoothing", "focal", "soft", "hard"],
)
def test_these_do_not_help(loss):
    assert accuracy(loss) < accuracy(CrossEntropy()) + 0.05
