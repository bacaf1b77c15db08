"""What holds for every optimizer of the table."""

import pytest
import torch

from tasks.train.optimizers import OPTIMIZERS

every = pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)


def descend(kind, steps=600, lr=0.02, start=(1.5, -2.0)):
    """Down a lopsided bowl, f = x^2 + 5 y^2, with a falling rate."""
    point = torch.nn.Parameter(torch.tensor(start))
    optimizer = kind(lr=lr, decay=0).build([{"params": [point]}])
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * (1 - step / steps)
        optimizer.zero_grad()
        (point[0] ** 2 + 5 * point[1] ** 2).backward()
        optimizer.step()
    return point.detach()


@every
def test_finds_the_bottom_of_a_bowl(kind):
    assert descend(kind).abs().max() < 0.02


@every
def test_decay_pulls_weights_to_zero_and_leaves_the_undecayed_group(kind):
    decayed, free = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = kind(lr=0.01, decay=0.5).build([{"params": [decayed]}, {"params": [free], "weight_decay": 0.0}])
    for parameter in (decayed, free):
        parameter.grad = torch.zeros(2)
    optimizer.step()
    assert (decayed < 1).all()
    assert torch.equal(free.detach(), torch.ones(2))


@every
def test_its_state_survives_saving(kind):
    """Ten steps are five, a copy of the state into a new optimizer, and five more."""

    def steps(point, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            (point**4).sum().backward()
            optimizer.step()

    points = [torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2)]
    optimizers = [kind(lr=0.01).build([{"params": [point]}]) for point in points]
    steps(points[0], optimizers[0], 10)
    steps(points[1], optimizers[1], 5)
    again = torch.nn.Parameter(points[1].detach().clone())
    resumed = kind(lr=0.01).build([{"params": [again]}])
    resumed.load_state_dict(optimizers[1].state_dict())
    steps(again, resumed, 5)
    assert torch.equal(again, points[0])
