"""Normalised focal loss and reverse cross entropy: a number by hand, and the card's limits."""

import pytest

from tasks.train.losses.mae import Mae
from tasks.train.losses.nce_rce import NceRce
from tasks.train.losses.nfl_rce import NflRce
from tests.train.losses.rows import pixels, row, summed_over_labels


def test_by_hand():
    # gamma 1, in units of log 2: f = 0.5 * 1, 0.75 * 2, 0.75 * 2, so f[0] / sum = 0.5 / 3.5; reverse: 2 * 0.5
    assert row(NflRce(gamma=1, zero=-2), [[0.5, 0.25, 0.25]], [0]) == pytest.approx([1 / 7 + 1])


def test_equal_logits():
    assert row(NflRce(beta=0), [[0.2] * 5], [3]) == pytest.approx([0.2])


def test_gamma_zero_is_normalised_cross_entropy():
    assert row(NflRce(gamma=0), *pixels()) == pytest.approx(row(NceRce(), *pixels()))


@pytest.mark.parametrize("p", [[0.25, 0.25, 0.5], [0.98, 0.01, 0.01]])
def test_the_sum_over_all_labels_is_the_same_whatever_is_answered(p):
    assert summed_over_labels(NflRce(beta=0), p) == pytest.approx(1)


def test_alpha_zero_is_the_absolute_error():
    expected = [3 * value for value in row(Mae(), *pixels())]
    assert row(NflRce(alpha=0, beta=1.5, zero=-2), *pixels()) == pytest.approx(expected)
