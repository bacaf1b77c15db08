"""Trust: weights by hand, and the card's limits."""

import pytest
import torch

from tasks.train.api.step_context import Outputs
from tasks.train.api.targets import Targets, targets_of
from tasks.train.selections.trust import Trust


def weights(method: Trust, targets: Targets) -> torch.Tensor:
    values = torch.ones(targets.labels.shape)
    return method.build(2)(values, Outputs(torch.zeros(1, 2, *values.shape[1:])), targets)


def batch(trust: list[int] | None) -> Targets:
    labels = torch.zeros(1, 1, 3, dtype=torch.uint8)
    maps = None if trust is None else torch.tensor(trust, dtype=torch.uint8).view(1, 1, -1)
    return targets_of(labels, torch.tensor([0.5, 0.5]), trust=maps)


def test_weights_by_hand():
    # 255, 153 and 51 of 255 are 1, 0.6 and 0.2; squared 1, 0.36 and 0.04
    assert weights(Trust(), batch([255, 153, 51])).ravel().tolist() == pytest.approx([1, 0.6, 0.2])
    assert weights(Trust(power=2), batch([255, 153, 51])).ravel().tolist() == pytest.approx([1, 0.36, 0.04])


def test_power_zero_counts_all_alike_even_without_any_trust():
    assert weights(Trust(power=0), batch([255, 153, 0])).ravel().tolist() == [1, 1, 1]


def test_a_high_power_leaves_the_most_trusted():
    assert weights(Trust(power=100), batch([255, 200, 0])).ravel().tolist() == pytest.approx([1, 0, 0], abs=1e-9)


def test_where_nobody_said_anything_all_count_alike():
    assert weights(Trust(), batch(None)).ravel().tolist() == [1, 1, 1]
