"""Bootstrapping: numbers by hand, and the card's limits."""

from math import log

import pytest

from tasks.train.losses.bootstrapping import Bootstrapping
from tasks.train.losses.cross_entropy import CrossEntropy
from tests.train.losses.rows import pixels, row

P = [[0.75, 0.25]] * 2


def test_soft_by_hand():
    # entropy: 0.75 * 0.287682 + 0.25 * 1.386294 = 0.562335; 0.95 * 0.287682 + 0.05 * 0.562335 and so on
    assert row(Bootstrapping(), P, [0, 1]) == pytest.approx([0.301415, 1.345096], abs=1e-6)


def test_hard_by_hand():
    # 0.8 * 1.386294 + 0.2 * 0.287682; where the label is the likeliest class it is cross entropy
    assert row(Bootstrapping(belief="hard"), P, [0, 1]) == pytest.approx([0.287682, 1.166572], abs=1e-6)


@pytest.mark.parametrize("belief", ["soft", "hard"])
def test_beta_one_is_cross_entropy(belief):
    found = row(Bootstrapping(belief=belief, beta=1), *pixels())
    assert found == pytest.approx(row(CrossEntropy(), *pixels()))


def test_beta_zero_no_longer_sees_the_label():
    assert row(Bootstrapping(beta=0), P, [0, 1]) == pytest.approx([0.562335] * 2, abs=1e-6)
    assert row(Bootstrapping(belief="hard", beta=0), P, [0, 1]) == pytest.approx([-log(0.75)] * 2)


@pytest.mark.parametrize(("belief", "beta"), [("soft", 0.95), ("hard", 0.8)])
def test_each_form_has_its_papers_share(belief, beta):
    assert row(Bootstrapping(belief=belief), *pixels()) == row(Bootstrapping(belief=belief, beta=beta), *pixels())
