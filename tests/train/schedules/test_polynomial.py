"""The polynomial schedule: the card's limits."""

import pytest

from tasks.train.schedules.polynomial import Polynomial


def test_power_one_is_a_straight_line():
    assert [Polynomial(power=1)(p) for p in (0.0, 0.25, 1.0)] == [1, 0.75, 0]


def test_power_zero_is_constant():
    assert Polynomial(power=0)(0.7) == 1


def test_default_by_hand():
    assert Polynomial()(0.5) == pytest.approx(0.535887)  # 0.5 ** 0.9
