"""Gradient centralisation: numbers by hand, and the card's limits."""

import torch
from torch import nn

from tasks.train.gradients.centralize import Centralize
from tasks.train.optimizers.sgd import SGD


def changed(gradient: torch.Tensor) -> torch.Tensor:
    weight = nn.Parameter(torch.zeros_like(gradient))
    weight.grad = gradient.clone()
    Centralize()([weight])
    return weight.grad


def test_each_filter_loses_its_own_mean():
    assert changed(torch.tensor([[1.0, 3.0], [10.0, 14.0]])).tolist() == [[-1, 1], [-2, 2]]


def test_twice_is_once():
    gradient = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(changed(changed(gradient)), changed(gradient), atol=1e-6)


def test_biases_stay_as_they_are():
    assert changed(torch.tensor([1.0, 5.0])).tolist() == [1, 5]


def test_under_plain_sgd_the_sum_of_a_filter_never_changes():
    weight = nn.Parameter(torch.tensor([[1.0, 2.0, 4.0]]))
    optimizer = SGD(lr=0.1, momentum=0.9, decay=0).build([{"params": [weight]}])
    for step in range(5):
        weight.grad = torch.tensor([[1.0, -2.0, 5.0 * step]])
        Centralize()([weight])
        optimizer.step()
    assert torch.allclose(weight.sum(), torch.tensor(7.0))
