"""Noise-robust Dice: numbers by hand, and the card's limits (its ends stand in test_dice.py)."""

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.nr_dice import NrDice
from tests.train.losses.rows import row

# Three pixels of classes 0, 0, 1; class 2 is absent, the last pixel ignored.
P = [[0.64, 0.36, 0.0], [1.0, 0.0, 0.0], [0.16, 0.75, 0.09], [0.0, 0.0, 1.0]]
LABELS = [0, 0, 1, -1]


def test_by_hand_without_squares():
    # class 0: (0.36^1.5 + 0 + 0.16^1.5) / (1.8 + 2) = 0.28 / 3.8 = 0.073684
    # class 1: (0.36^1.5 + 0 + 0.25^1.5) / (1.11 + 1) = 0.341 / 2.11 = 0.161611; mean 0.117648
    assert row(NrDice(squared=False), P, LABELS) == pytest.approx([0.117648] * 4, abs=1e-6)


def test_by_hand_with_squares():
    # class 0: 0.28 / (0.4096 + 1 + 0.0256 + 2) = 0.081509
    # class 1: 0.341 / (0.1296 + 0.5625 + 1) = 0.201525; mean 0.141517
    assert row(NrDice(), P, LABELS) == pytest.approx([0.141517] * 4, abs=1e-6)


def test_all_right_costs_nothing():
    assert row(NrDice(), [[1.0, 0.0], [0.0, 1.0]], [0, 1]) == pytest.approx([0, 0])


def test_no_pull_towards_a_class_that_is_not_there():
    """A step down the gradient lowers the probability of the absent class."""
    logits = torch.tensor([[2.0, 1.0, -4.0], [1.0, 2.0, -4.0]]).T[None, :, None].requires_grad_()
    labels = torch.tensor([[[0, 1]]])
    NrDice()(logits, Targets(labels, labels >= 0, torch.ones(3) / 3)).sum().backward()
    assert (logits.grad[0, 2] > 0).all()


def test_an_image_without_labels_costs_nothing():
    logits, nowhere = torch.randn(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long)
    logits.requires_grad_()
    values = NrDice()(logits, Targets(nowhere, nowhere > 0, torch.ones(3) / 3))
    values.sum().backward()
    assert not values.any() and not logits.grad.any()
