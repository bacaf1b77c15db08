"""Ratio weighted by the share of regions, by hand."""

from math import exp

import pytest

from tasks.query.acquisitions.classbal import Classbal
from tests.query.scenes import row_scene, utilities


def test_by_hand_shares_count_regions():
    # region 0 has three pixels of class 0, regions 1 and 2 one of class 1 each: shares of regions 1/3 and 2/3
    pixels = [[0.8, 0.2], [0.8, 0.2], [0.5, 0.5], [0.4, 0.6], [0.2, 0.8]]
    found = utilities(Classbal(), row_scene(pixels, regions=[0, 0, 0, 1, 2]))
    ratio = (0.25 + 0.25 + 1) / 3
    assert found == pytest.approx([ratio * exp(-1 / 3), 4 / 6 * exp(-2 / 3), 0.25 * exp(-2 / 3)])


def test_limits():
    assert utilities(Classbal(), row_scene([[1, 0], [0, 1]], regions=[0, 1])) == [0, 0]
    one_class = utilities(Classbal(), row_scene([[0.9, 0.1], [0.6, 0.4]], regions=[0, 1]))
    assert one_class == pytest.approx([1 / 9 / exp(1), 4 / 6 / exp(1)])
