"""The permutation test: its level, its power, one number by hand, and that it does not depend on units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.drift.shift import shift_of


def shift(new: np.ndarray, promoted: np.ndarray, whole: bool = False, draws: int = 500, confidence: float = 0.99):
    return shift_of(new, promoted, whole, draws, confidence, 0)


def test_images_that_are_alike_raise_an_alarm_in_one_of_a_hundred_cases():
    random, cases, alarms = np.random.default_rng(0), 400, 0
    for k in range(cases):
        rows = random.lognormal(size=(30, 4))  # skewed, as sharpness and shares are
        alarms += shift_of(rows[:8], rows[8:], bool(k % 2), 500, 0.99, k).p <= 0.01
    assert alarms / cases <= 0.01 + 3 * (0.01 * 0.99 / cases) ** 0.5


@pytest.mark.parametrize("whole", [False, True])
def test_a_shift_of_all_is_seen_in_few_images(whole: bool):
    random = np.random.default_rng(1)
    rows = random.normal(size=(30, 4))
    rows[:6] += 1.5
    found = shift(rows[:6], rows[6:], whole)
    assert found.p == pytest.approx(1 / 501) and found.shift > max(0.5, found.by_chance) and found.signed > 0


def test_one_shift_by_hand():
    """Values 4 and 6 against 0, 0, 1, 1: the means differ by 4.5, the deviation over all six is sqrt(5)."""
    found = shift(np.array([[4.0], [6.0]]), np.array([[0.0], [0.0], [1.0], [1.0]]))
    assert found.shift == pytest.approx(4.5 / 5**0.5) and found.column == 0
    assert found.p == pytest.approx(1 / 15, abs=0.03)  # 15 ways to choose two of six, and only these two are as far


def test_a_column_that_never_varies_has_not_shifted():
    rows = np.full((10, 2), 1 / 3) + np.random.default_rng(0).normal(size=(10, 2)) * 1e-16  # but for rounding
    for constant in (np.ones((10, 2)), rows):
        found = shift(constant[:3], constant[3:])
        assert found.shift == 0 and found.p == 1


@given(scale=st.floats(1e-3, 1e3), offset=st.floats(-1e3, 1e3), seed=st.integers(0, 99))
def test_units_do_not_matter(scale: float, offset: float, seed: int):
    rows = np.random.default_rng(seed).normal(size=(12, 3))
    one, other = (shift(r[:4], r[4:], draws=50) for r in (rows, rows * scale + offset))
    assert one.shift == pytest.approx(other.shift, rel=1e-5) and one.p == pytest.approx(other.p, abs=1e-9)
