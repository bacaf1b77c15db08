"""Focal loss: a number by hand, and the card's limits."""

from math import log

import pytest

from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.focal import Focal
from tests.train.losses.rows import pixels, row


def test_by_hand():
    # (1 - 0.75)^2 * 0.287682 = 0.017980; (1 - 0.25)^2 * 1.386294 = 0.779791
    assert row(Focal(), [[0.75, 0.25]] * 2, [0, 1]) == pytest.approx([0.017980, 0.779791], abs=1e-6)


def test_gamma_zero_is_cross_entropy():
    assert row(Focal(gamma=0), *pixels()) == pytest.approx(row(CrossEntropy(), *pixels()))


def test_never_above_cross_entropy_and_near_it_where_the_label_is_unlikely():
    plain, focal = row(CrossEntropy(), *pixels()), row(Focal(), *pixels())
    assert all(f < c for f, c in zip(focal, plain, strict=True))
    assert row(Focal(), [[1e-6, 1 - 1e-6]], [0]) == pytest.approx([-log(1e-6)], rel=1e-5)
