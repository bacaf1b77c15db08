"""The cosine schedule: the card's limits."""

import pytest

from tasks.train.schedules.cosine import Cosine


def test_start_middle_and_end():
    assert [Cosine(floor=0.2)(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.6, 0.2])


def test_floor_one_is_constant():
    assert Cosine(floor=1)(0.3) == 1


def test_a_quarter_by_hand():
    assert Cosine()(0.25) == pytest.approx(0.853553)  # (1 + sqrt(1/2)) / 2
