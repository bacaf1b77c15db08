"""Stochastic gradient descent: numbers by hand, and the card's limits."""

import pytest
import torch

from tasks.train.optimizers.sgd import SGD


def stepped(method: SGD, gradients: list[float]) -> float:
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = method.build([{"params": [weight]}])
    for gradient in gradients:
        weight.grad = torch.tensor([gradient])
        optimizer.step()
    return weight.item()


def test_without_momentum_it_is_plain_descent():
    assert stepped(SGD(lr=0.1, momentum=0, decay=0), [2.0, -1.0]) == pytest.approx(1 - 0.2 + 0.1)


def test_momentum_by_hand():
    # v: 2, then 0.5 * 2 - 1 = 0; w = 1 - 0.1 * 2 - 0.1 * 0
    assert stepped(SGD(lr=0.1, momentum=0.5, nesterov=False, decay=0), [2.0, -1.0]) == pytest.approx(0.8)


def test_nesterov_by_hand():
    # v: 2, 0; steps g + 0.5 v: 3, -1
    assert stepped(SGD(lr=0.1, momentum=0.5, decay=0), [2.0, -1.0]) == pytest.approx(1 - 0.3 + 0.1)


def test_decay_joins_the_gradient():
    assert stepped(SGD(lr=0.1, momentum=0, decay=0.5), [0.0]) == pytest.approx(0.95)
