"""Clipping by coordinate quantile: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from tasks.train.gradients.clip_quantile import ClipQuantile


def changed(quantile: float, *tensors: list[float]) -> list[list[float]]:
    parameters = [nn.Parameter(torch.zeros(len(tensor))) for tensor in tensors]
    for parameter, tensor in zip(parameters, tensors, strict=True):
        parameter.grad = torch.tensor(tensor, dtype=torch.float32)
    ClipQuantile(quantile=quantile)(parameters)
    return [p.grad.tolist() for p in parameters]


def test_by_hand_for_each_tensor_apart():
    # number ceil(0.6 * 5) = 3 of 1, 2, 3, 4, 10 is 3; number ceil(0.6 * 2) = 2 of two is the larger
    assert changed(0.6, [1, -4, 3, 10, -2], [100, 200]) == [[1, -3, 3, 3, -2], [100, 200]]


def test_quantile_1_changes_nothing():
    assert changed(1, [1, -4, 3]) == [[1, -4, 3]]


def test_towards_0_it_is_sign_descent():
    assert changed(1e-9, [1, -4, 3]) == [[1, -1, 1]]


def test_a_single_number_stays():
    assert changed(0.1, [7]) == [[7]]


def test_follows_the_scale_of_the_loss():
    plain, tenfold = changed(0.5, [1, -4, 3, 2]), changed(0.5, [10, -40, 30, 20])
    assert tenfold[0] == pytest.approx([10 * number for number in plain[0]])


def test_the_share_that_is_cut():
    gradient = torch.randn(1000, generator=torch.Generator().manual_seed(0)).tolist()
    assert sum(a != b for a, b in zip(changed(0.9, gradient)[0], gradient, strict=True)) == 100
