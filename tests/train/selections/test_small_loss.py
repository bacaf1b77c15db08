"""Small loss: a choice by hand, and the card's limits."""

import pytest
import torch

from segmend.stage.params import validated
from tasks.train.api.step_context import Outputs
from tasks.train.api.targets import Targets
from tasks.train.selections import Selection
from tasks.train.selections.small_loss import SmallLoss


def weights(method: SmallLoss, losses: list[float], labels: list[int], progress: float = 1.0, sets=None) -> list[float]:
    """Of a row of pixels with two classes."""
    values, y = torch.tensor(losses).view(1, 1, -1), torch.tensor(labels).view(1, 1, -1)
    every = torch.ones_like(y, dtype=torch.bool)
    in_sets = None if sets is None else torch.tensor(sets).view(1, 1, -1)
    targets = Targets(y, every, torch.tensor([0.5, 0.5]), in_sets, progress=progress)
    seen = Outputs(torch.zeros(1, 2, 1, len(losses)))
    return method.build(2)(values, seen, targets).ravel().tolist()


LOSSES, LABELS = [5.0, 1.0, 2.0, 9.0, 0.1, 0.3, 0.2, 0.4], [1, 1, 1, 1, 0, 0, 0, 0]


def test_the_better_half_of_each_class_by_hand():
    assert weights(SmallLoss(rate=0.5), LOSSES, LABELS) == [0, 1, 1, 0, 1, 0, 1, 0]


def test_over_all_pixels_a_hard_class_is_left_out():
    assert weights(SmallLoss(rate=0.5, per_class=False), LOSSES, LABELS) == [0, 0, 0, 0, 1, 1, 1, 1]


def test_the_rate_rises_over_the_ramp():
    # 8 pixels at rate 1/2: halfway up the ramp a quarter of each four goes, that is one
    kept = [sum(weights(SmallLoss(rate=0.5, ramp=0.4), LOSSES, LABELS, progress)) for progress in (0.0, 0.2, 0.4, 1.0)]
    assert kept == [8, 6, 4, 4]
    assert sum(weights(SmallLoss(rate=0.5, ramp=0), LOSSES, LABELS, 0.0)) == 4


def test_rate_zero_keeps_every_pixel():
    assert weights(SmallLoss(rate=0), LOSSES, LABELS) == [1] * 8


def test_each_class_has_its_own_rate():
    assert weights(SmallLoss(rates=(0, 0.75)), LOSSES, LABELS) == [0, 1, 0, 0, 1, 1, 1, 1]


def test_a_share_that_a_float_makes_too_small_is_left_out_all_the_same():
    assert sum(weights(SmallLoss(rate=0.7), list(map(float, range(10))), [0] * 10)) == 3


def test_one_pixel_of_each_class_stays_and_of_equals_the_first():
    assert weights(SmallLoss(rate=0.99), [3.0, 3.0, 3.0, 7.0], [0, 0, 0, 1]) == [1, 0, 0, 1]


def test_sets_of_classes_are_kept():
    found = weights(SmallLoss(rate=0.5), [9.0, 8.0, 1.0, 2.0], [0, 0, 0, 0], sets=[0, -1, -1, 1])
    assert found == [1, 0, 1, 1]


def test_impossible_rates_are_refused():
    with pytest.raises(ValueError, match="rates has 3 numbers for 2 classes"):
        SmallLoss(rates=(0.1, 0.2, 0.3)).build(2)
    for wrong in ({"rates": [0.1, 0.2], "per_class": False}, {"rate": 1.0}, {"rates": [1.5]}):
        with pytest.raises(ValueError, match=r"train.selection.*small_loss"):
            validated(Selection, {"name": "small_loss", "small_loss": wrong}, "train.selection")
