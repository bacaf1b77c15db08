"""Chance: seeded by run and round, no region favoured."""

import numpy as np

from tasks.query.acquisitions.random import Random
from tests.query.tables import table


def test_rounds_and_seeds_differ():
    some = table(area=[1] * 50)
    draws = [Random()(some, np.random.default_rng(key)) for key in ([0, 1], [0, 2], [1, 1])]
    assert not any((draws[a] == draws[b]).any() for a, b in [(0, 1), (0, 2), (1, 2)])


def test_no_region_is_favoured():
    some = table(area=range(1, 11))
    first = [Random()(some, np.random.default_rng([seed, 1])).argmax() for seed in range(2000)]
    assert np.bincount(first, minlength=10).min() > 140  # 200 expected, deviation 13
