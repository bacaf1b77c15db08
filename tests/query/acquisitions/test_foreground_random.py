"""Chance among what is not the commonest class."""

import numpy as np

from tasks.query.acquisitions.foreground_random import ForegroundRandom
from tests.query.tables import table

FEW = table(area=[50, 50, 10, 10, 10, 10, 10], predicted=[2, 2, 0, 0, 1, 1, 0])


def order(some, seed=0):
    return np.argsort(-ForegroundRandom()(some, np.random.default_rng(seed)))


def test_the_class_with_the_most_pixels_comes_last():
    # class 0 has the most regions (3), class 2 the most pixels (100)
    for seed in range(20):
        assert set(order(FEW, seed)[-2:].tolist()) == {0, 1}


def test_foreground_is_in_chance_order():
    first = [order(FEW, seed)[0] for seed in range(1000)]
    assert np.bincount(first, minlength=7)[2:].min() > 140 and np.bincount(first, minlength=7)[:2].sum() == 0


def test_one_class_is_plain_chance():
    some = table(area=range(1, 31))
    draws = np.random.default_rng(3).random(30)
    assert (ForegroundRandom()(some, np.random.default_rng(3)) == draws).all()
