"""Absolute error: a number by hand, and the card's limits."""

import pytest

from tasks.train.losses.gce import Gce
from tasks.train.losses.mae import Mae
from tests.train.losses.rows import pixels, row, summed_over_labels


def test_two_pixels_by_hand():
    assert row(Mae(), [[0.75, 0.25]] * 2, [0, 1]) == pytest.approx([0.25, 0.75])


def test_sure_right_sure_wrong_and_undecided():
    assert row(Mae(), [[1.0, 0.0], [0.0, 1.0]], [0, 0]) == pytest.approx([0, 1])
    assert row(Mae(), [[0.2] * 5], [3]) == pytest.approx([0.8])


@pytest.mark.parametrize("p", [[0.25, 0.25, 0.5], [0.98, 0.01, 0.01]])
def test_the_sum_over_all_labels_is_the_same_whatever_is_answered(p):
    assert summed_over_labels(Mae(), p) == pytest.approx(2)


def test_it_is_gce_at_one():
    assert row(Mae(), *pixels()) == pytest.approx(row(Gce(q=1), *pixels()))
