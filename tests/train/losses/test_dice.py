"""Dice: numbers by hand, and the card's limits."""

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.dice import Dice
from tasks.train.losses.nr_dice import NrDice
from tests.train.losses.rows import pixels, row

# Three pixels of classes 0, 0, 1; class 2 is absent, the last pixel ignored.
P = [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [0.0, 0.0, 1.0]]
LABELS = [0, 0, 1, -1]


def test_by_hand_without_squares():
    # class 0: 1 - 2 * 1.5 / (1.75 + 2) = 0.2; class 1: 1 - 2 * 0.5 / (1 + 1) = 0.5; mean 0.35
    assert row(Dice(squared=False), P, LABELS) == pytest.approx([0.35] * 4)


def test_by_hand_with_squares():
    # class 0: 1 - 2 * 1.5 / (1.3125 + 2) = 0.094340; class 1: 1 - 2 * 0.5 / (0.5 + 1) = 0.333333; mean 0.213836
    assert row(Dice(), P, LABELS) == pytest.approx([0.213836] * 4, abs=1e-6)


def test_with_cross_entropy():
    dice, ce = row(Dice(), P, LABELS)[:3], row(CrossEntropy(), P, LABELS)[:3]
    expected = [d + 2 * c for d, c in zip(dice, ce, strict=True)]
    assert row(Dice(ce=2), P, LABELS)[:3] == pytest.approx(expected)


@pytest.mark.parametrize("squared", [True, False])
def test_all_right_costs_nothing_and_all_wrong_costs_one(squared):
    p, right, wrong = [[1.0, 0.0], [0.0, 1.0]], [0, 1], [1, 0]
    assert row(Dice(squared=squared), p, right) == pytest.approx([0, 0])
    assert row(Dice(squared=squared), p, wrong) == pytest.approx([1, 1])


@pytest.mark.parametrize("squared", [True, False])
def test_it_is_an_end_of_the_noise_robust_one(squared):
    expected = row(NrDice(gamma=2 if squared else 1, squared=squared), *pixels())
    assert row(Dice(squared=squared), *pixels()) == pytest.approx(expected)


def test_small_classes_count_like_large_ones():
    p = [[0.5, 0.5]] * 9 + [[0.9, 0.1]]  # one pixel of class 1, of which little is found
    better = [[0.5, 0.5]] * 9 + [[0.4, 0.6]]
    gain = row(Dice(), p, [0] * 9 + [1])[0] - row(Dice(), better, [0] * 9 + [1])[0]
    large = [[0.5, 0.5]] * 8 + [[1.0, 0.0], [0.9, 0.1]]  # the same gain of probability in a pixel of class 0
    assert gain > row(Dice(), p, [0] * 9 + [1])[0] - row(Dice(), large, [0] * 9 + [1])[0] > 0


def test_an_image_without_labels_costs_nothing():
    logits, nowhere = torch.randn(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long)
    logits.requires_grad_()
    values = Dice()(logits, Targets(nowhere, nowhere > 0, torch.ones(3) / 3))
    values.sum().backward()
    assert not values.any() and not logits.grad.any()
