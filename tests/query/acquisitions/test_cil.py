"""Doubt at the representative pixel, by hand and at its limits."""

import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.query.acquisitions.cil import Cil
from tests.query.scenes import random_scene, row_scene, utilities


def test_limits():
    assert utilities(Cil(), row_scene([[1, 0], [0, 1]], [0, 1], [0, 1])) == [0, 0]
    assert utilities(Cil(), row_scene([[1, 0], [0, 1]], [1, 0], [0, 1])) == [1, 1]


def test_one_pixel_decides():
    # the representative is the middle one: it equals the mean of the three
    pixels = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]
    assert utilities(Cil(), row_scene(pixels, [0, 1, 0])) == pytest.approx([0.8])
    assert utilities(Cil(), row_scene(pixels, [1, 0, 1])) == pytest.approx([0.2])


def test_unlabelled_takes_the_prediction_and_void_has_no_doubt():
    assert utilities(Cil(), row_scene([[0.9, 0.1]], [UNLABELLED])) == pytest.approx([0.1])
    assert utilities(Cil(), row_scene([[0.9, 0.1]], [VOID])) == [0]


def test_is_the_doubt_of_the_representative():
    one = random_scene(0)
    found = utilities(Cil(), one)
    for k, place in enumerate(one.representative):
        label = one.labels.ravel()[place]
        p = one.probabilities.reshape(one.classes, -1)[:, place]
        shown = p[label] if label < one.classes else p.max() if label == UNLABELLED else 1
        assert found[k] == pytest.approx(1 - shown, abs=1e-6)
