"""Chance balanced over predicted classes."""

import numpy as np

from tasks.query.acquisitions.class_balanced import ClassBalanced
from tasks.query.ranking import ranked
from tests.query.tables import table

PREDICTED = [0] * 90 + [1] * 8 + [2] * 2


def picked(some, budget, seed=0):
    rng = np.random.default_rng(seed)
    return ranked(ClassBalanced()(some, rng), some.asked == 0, rng)[:budget]


def test_as_many_of_each_class_until_one_runs_out():
    some = table([1] * 100, PREDICTED)
    assert np.bincount(some.predicted[picked(some, 6)]).tolist() == [2, 2, 2]
    assert np.bincount(some.predicted[picked(some, 16)]).tolist() == [7, 7, 2]
    assert np.bincount(some.predicted[picked(some, 100)]).tolist() == [90, 8, 2]


def test_regions_asked_before_take_no_place():
    some = table([1] * 100, PREDICTED, asked=[0] * 90 + [1] * 7 + [0] * 3)
    assert np.bincount(some.predicted[picked(some, 6)]).tolist() == [3, 1, 2]
    assert np.isneginf(ClassBalanced()(some, np.random.default_rng(0))[90])


def test_one_class_is_chance():
    some = table([1] * 20)
    assert sorted(ClassBalanced()(some, np.random.default_rng(0)).tolist()) == sorted((-np.arange(20.0)).tolist())
    assert picked(some, 5, seed=1).tolist() != picked(some, 5, seed=2).tolist()
