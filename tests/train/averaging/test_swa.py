"""Stochastic weight averaging: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from segmend.network.segmenter import AnySize
from tasks.train.averaging.swa import Swa


def network(value: float) -> AnySize:
    one = AnySize(nn.BatchNorm2d(1), 1)
    with torch.no_grad():
        one.body.weight.fill_(value)
        one.body.running_var.fill_(2 * value)
    return one


def means(method: Swa, *values: float) -> list[float]:
    mean, found = method.build(network(100.0)), []
    for step, value in enumerate(values):
        mean.update(network(value), step / len(values))
        found.append(mean.network.body.weight.item())
        assert mean.network.body.running_var.item() == pytest.approx(2 * found[-1])
    return found


def test_equal_mean_over_the_last_half():
    assert means(Swa(share=0.5), 1, 2, 6, 9) == pytest.approx([1, 2, 6, 7.5])


def test_share_1_is_the_mean_over_all():
    assert means(Swa(share=1), 1, 2, 6, 9) == pytest.approx([1, 1.5, 3, 4.5])


def test_share_0_is_the_last_weights():
    assert means(Swa(share=0), 1, 2, 6, 9) == [1, 2, 6, 9]
