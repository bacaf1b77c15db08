"""The running mean: numbers by hand, and the card's limits."""

import pytest
import torch
from torch import nn

from segmend.network.segmenter import AnySize
from tasks.train.averaging.ema import Ema


def network(value: float) -> AnySize:
    one = AnySize(nn.BatchNorm2d(1), 1)
    with torch.no_grad():
        one.body.weight.fill_(value)
        one.body.running_mean.fill_(10 * value)
        one.body.num_batches_tracked.fill_(int(value))
    return one


def means(method: Ema, *values: float) -> list[float]:
    mean, found = method.build(network(100.0)), []
    for step, value in enumerate(values):
        mean.update(network(value), step / len(values))
        found.append(mean.network.body.weight.item())
        assert mean.network.body.running_mean.item() == pytest.approx(10 * found[-1])
        assert mean.network.body.num_batches_tracked.item() == int(value)
    return found


def test_by_hand():
    # the first step is copied; d = min(0.5, 1 / 10), min(0.5, 2 / 11)
    first, second = 0.1 * 1 + 0.9 * 2, 2 / 11 * 1.9 + 9 / 11 * 4
    assert means(Ema(decay=0.5), 1, 2, 4) == pytest.approx([1, first, second])


def test_without_warmup_the_memory_is_whole_from_the_second_step():
    assert means(Ema(decay=0.5, warmup=0), 1, 2, 4) == pytest.approx([1, 1.5, 2.75])


def test_without_memory_it_is_the_last_weights():
    assert means(Ema(decay=0), 1, 2, 4) == [1, 2, 4]


def test_what_the_network_began_with_does_not_count():
    assert means(Ema(), 3, 3, 3) == pytest.approx([3, 3, 3])
