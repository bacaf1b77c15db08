"""Label smoothing on suspected pixels: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.suspected_smoothing import SuspectedSmoothing


def row(p: list[list[float]], labels: list[int], progress: float) -> tuple[torch.Tensor, Targets]:
    y = torch.tensor(labels).view(1, 1, -1)
    frequency = torch.ones(len(p[0])) / len(p[0])
    return torch.tensor(p).log().T[None, :, None], Targets(y, y >= 0, frequency, progress=progress)


EARLIER = row([[0.6, 0.4], [0.8, 0.2], [0.5, 0.5]], [0, 0, 1], 0.4)  # t = (0.7, 0.5)
# Labelled 0, but surely 1 (0.6 >= 0.5); labelled 1, but 0 is not sure enough (0.65 < 0.7); labelled as the
# network says.
LATER = row([[0.4, 0.6], [0.65, 0.35], [0.2, 0.8]], [0, 1, 1], 0.5)


def test_by_hand():
    ready = SuspectedSmoothing().build(2, 0)
    assert torch.allclose(ready(*EARLIER), CrossEntropy()(*EARLIER))  # no thresholds yet
    smoothed = -0.75 * log(0.4) - 0.25 * (log(0.4) + log(0.6)) / 2  # 0.86561
    assert smoothed == pytest.approx(0.86561, abs=1e-5)
    assert ready(*LATER).ravel().tolist() == pytest.approx([smoothed, -log(0.35), -log(0.8)], abs=1e-5)


@pytest.mark.parametrize("loss", [SuspectedSmoothing(smoothing=0), SuspectedSmoothing(start=1)], ids=repr)
def test_without_smoothing_or_suspicion_it_is_cross_entropy(loss):
    ready = loss.build(2, 0)
    ready(*EARLIER)
    assert torch.allclose(ready(*LATER), CrossEntropy()(*LATER))


def test_where_all_is_suspected_it_is_smoothed_cross_entropy():
    ready = SuspectedSmoothing().build(2, 0)
    ready(*EARLIER)
    every = row([[0.1, 0.9], [0.95, 0.05]], [0, 1], 0.5)
    assert torch.allclose(ready(*every), CrossEntropy(smoothing=0.25)(*every))


def test_validation_shows_cross_entropy():
    ready = SuspectedSmoothing().build(2, 0)
    ready(*EARLIER)
    assert torch.allclose(ready.eval()(*LATER), CrossEntropy()(*LATER))
