"""Majority: shares of votes."""

import numpy as np
import pytest

from benchmarks.crowds import table
from segmend.aggregators.majority import Majority


def test_by_hand():
    """Two of three, all, one of two, one alone."""
    found = Majority()(table([[0, 0, 1], [1, 1, 1], [0, 1, -1], [-1, 1, -1]], 2))
    assert found.posterior.tolist() == [pytest.approx([2 / 3, 1 / 3]), [0, 1], [0.5, 0.5], [0, 1]]
    # source 0: 2/3 + 1 + 1/2 of 3 answers, with 2 right and 1 wrong of the prior
    assert found.reliability[0] == pytest.approx((2 / 3 + 1 + 1 / 2 + 2) / 6)


def test_ties_go_to_the_lower_class():
    assert np.argmax(Majority()(table([[2, 1]], 3)).posterior[0]) == 1
