"""Normalised ratio weighted by the share of pixels, by hand."""

from math import exp

import pytest

from tasks.query.acquisitions.classbal import Classbal
from tasks.query.acquisitions.popularity import Popularity
from tests.query.scenes import row_scene, utilities


def test_by_hand_shares_count_pixels():
    pixels = [[0.8, 0.2], [0.8, 0.2], [0.5, 0.5], [0.4, 0.6], [0.2, 0.8]]
    found = utilities(Popularity(), row_scene(pixels, regions=[0, 0, 0, 1, 2]))
    ratio = [(0.25 + 0.25 + 1) / 3, 4 / 6, 0.25]
    doubt = [(one - 0.25) / (4 / 6 - 0.25) for one in ratio]
    assert found == pytest.approx([doubt[0] * exp(-3 / 5), doubt[1] * exp(-2 / 5), 0], abs=1e-6)


def test_equal_doubt_leaves_the_class_to_decide():
    found = utilities(Popularity(), row_scene([[0.8, 0.2]] * 3 + [[0.2, 0.8]], regions=[0, 0, 1, 2]))
    assert found == pytest.approx([exp(-3 / 4), exp(-3 / 4), exp(-1 / 4)])


def test_regions_of_equal_size_have_the_weights_of_classbal():
    pixels = [[0.5, 0.5], [0.3, 0.7], [0.2, 0.8], [1, 0]]  # ratios from 0 to 1: normalising changes nothing
    one = row_scene(pixels, regions=[0, 1, 2, 3])
    assert utilities(Popularity(), one) == pytest.approx(utilities(Classbal(), one))
