"""Running thresholds of confident learning, by hand."""

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses._running_thresholds import Thresholds


def look(running: Thresholds, p: list[float], labels: list[int], progress: float) -> list[float]:
    """p: of class 0, at each pixel; label -1 is ignored."""
    y = torch.tensor(labels).view(1, 1, -1)
    first = torch.tensor(p)
    targets = Targets(y.clamp_min(0), y >= 0, torch.ones(2) / 2, progress=progress)
    return running(torch.stack([first, 1 - first])[None, :, None], targets).tolist()


def test_by_hand():
    running = Thresholds(2, 0.5)
    nothing = [torch.inf, torch.inf]
    assert look(running, [0.6, 0.9], [0, -1], 0.0) == nothing
    assert look(running, [0.8, 0.3], [0, 1], 0.0) == nothing  # another part of the same step
    assert look(running, [0.1], [0], 0.1) == pytest.approx([0.7, 0.7])
    # class 0: (0.5 * 1.4 + 0.1) / (0.5 * 2 + 1) = 0.4; class 1 was not there, and stays
    assert look(running, [0.5], [1], 0.2) == pytest.approx([0.4, 0.7])


def test_without_momentum_the_last_step_with_the_class_counts():
    running = Thresholds(2, 0.0)
    look(running, [0.6], [0], 0.0)
    look(running, [0.2], [0], 0.1)
    assert look(running, [0.2], [1], 0.2) == pytest.approx([0.2, torch.inf])
