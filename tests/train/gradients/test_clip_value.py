"""Clipping by value: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from tasks.train.gradients.clip_value import ClipValue


def changed(most: float) -> list[float]:
    weight = nn.Parameter(torch.zeros(4))
    weight.grad = torch.tensor([0.5, -2.0, 3.0, 0.0])
    ClipValue(most=most)([weight])
    return weight.grad.tolist()


def test_by_hand():
    assert changed(1.0) == [0.5, -1, 1, 0]


def test_above_all_numbers_it_changes_nothing():
    assert changed(3.0) == [0.5, -2, 3, 0]


def test_towards_0_only_signs_are_left():
    assert changed(0.001) == pytest.approx([0.001, -0.001, 0.001, 0])
