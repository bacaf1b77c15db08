"""Normalised cross entropy and its reverse: a number by hand, and the card's limits."""

from math import log

import pytest

from tasks.train.losses.mae import Mae
from tasks.train.losses.nce_rce import NceRce
from tests.train.losses.rows import pixels, row, summed_over_labels


def test_by_hand():
    # log 0.5 / (log 0.5 + log 0.25 + log 0.25) = 1 / (1 + 2 + 2); 9.21034 * 0.5 = 4.605170
    assert row(NceRce(beta=0), [[0.5, 0.25, 0.25]], [0]) == pytest.approx([0.2])
    assert row(NceRce(), [[0.5, 0.25, 0.25]], [0]) == pytest.approx([4.805170], abs=1e-6)


def test_equal_logits():
    assert row(NceRce(beta=0), [[0.2] * 5], [3]) == pytest.approx([0.2])


@pytest.mark.parametrize("p", [[0.25, 0.25, 0.5], [0.98, 0.01, 0.01]])
def test_the_sum_over_all_labels_is_the_same_whatever_is_answered(p):
    assert summed_over_labels(NceRce(beta=0), p) == pytest.approx(1)
    assert summed_over_labels(NceRce(alpha=0), p) == pytest.approx(-log(1e-4) * 2)


def test_alpha_zero_is_the_absolute_error():
    expected = [3 * value for value in row(Mae(), *pixels())]
    assert row(NceRce(alpha=0, beta=1.5, zero=-2), *pixels()) == pytest.approx(expected)
