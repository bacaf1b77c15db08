"""Clipping by norm: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from tasks.train.gradients.clip_norm import ClipNorm


def changed(most: float) -> list[float]:
    """Two tensors, gradients (3, 0) and (0, 4): length 5."""
    parameters = [nn.Parameter(torch.zeros(2)) for _ in range(2)]
    for parameter, gradient in zip(parameters, ([3.0, 0.0], [0.0, 4.0]), strict=True):
        parameter.grad = torch.tensor(gradient)
    ClipNorm(most=most)(parameters)
    return [number for p in parameters for number in p.grad.tolist()]


def test_one_length_over_all_tensors():
    assert changed(1.0) == pytest.approx([0.6, 0, 0, 0.8], abs=1e-5)


def test_a_short_gradient_stays():
    assert changed(5.1) == [3, 0, 0, 4]
