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


def test_decoupled_decay_by_hand():
    """1 - 0.1 * 0.5 = 0.95, less 0.1 * 2; then 0.75 * 0.95 less 0.1 * (0.5 * 2 + 0): decay is not in the momentum."""
    method = SGD(lr=0.1, momentum=0.5, nesterov=False, decay=0.5, decoupled=True)
    assert stepped(method, [2.0]) == pytest.approx(0.75)
    assert stepped(method, [2.0, 0.0]) == pytest.approx(0.75 * 0.95 - 0.1)


def test_without_momentum_decoupled_or_not_is_the_same():
    found = [stepped(SGD(lr=0.1, momentum=0, decay=0.5, decoupled=one), [2.0, -1.0]) for one in (False, True)]
    assert found[0] == pytest.approx(found[1])


def test_decoupled_decay_follows_the_rate_of_the_moment_and_its_state_is_plain():
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    weight.grad = torch.zeros(1)
    optimizer = SGD(lr=0.1, decay=0.5, decoupled=True).build([{"params": [weight]}])
    optimizer.param_groups[0]["lr"] = 0.2
    optimizer.step()
    assert weight.item() == pytest.approx(0.9)
    assert optimizer.state_dict()["param_groups"][0]["weight_decay"] == 0.5
