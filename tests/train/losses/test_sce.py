"""Symmetric cross entropy: a number by hand, and the card's limits."""

from math import log

import pytest

from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.mae import Mae
from tasks.train.losses.sce import Sce
from tests.train.losses.rows import pixels, row


def test_by_hand():
    # 0.1 * -log 0.5 + 9.21034 * (1 - 0.5) = 0.069315 + 4.605170
    assert row(Sce(), [[0.5, 0.3, 0.2]], [0]) == pytest.approx([4.674485], abs=1e-6)
    assert row(Sce(alpha=2, beta=3, zero=-1), [[0.5, 0.3, 0.2]], [0]) == pytest.approx([2 * log(2) + 1.5])


def test_the_reverse_term_is_the_sum_it_stands_for():
    p, zero = [0.5, 0.3, 0.2], log(1e-4)
    assert row(Sce(alpha=0), [p], [1]) == pytest.approx([-(p[0] * zero + p[1] * log(1) + p[2] * zero)])


def test_beta_zero_is_cross_entropy():
    assert row(Sce(alpha=1, beta=0), *pixels()) == pytest.approx(row(CrossEntropy(), *pixels()))


def test_alpha_zero_is_the_absolute_error():
    expected = [2 * 1.5 * value for value in row(Mae(), *pixels())]
    assert row(Sce(alpha=0, beta=1.5, zero=-2), *pixels()) == pytest.approx(expected)
