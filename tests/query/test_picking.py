"""Budgets, ties, and no region twice."""

import numpy as np
import pytest

from tasks.query.picking import allowance, pick


def rng(seed=0):
    return np.random.default_rng(seed)


def test_budgets():
    assert allowance(7, 1000) == 7 and allowance("5%", 1000) == 50 and allowance("2.5%", 90) == pytest.approx(2.25)


@pytest.mark.parametrize(
    ("budget", "cost", "asked"),
    [(3, 1, 3), (2.25, 1, 3), (10, 3, 4), (9, 3, 3), (0, 1, 0), (99, 1, 6), (0.1 * 30, 1, 3)],
)
def test_overshot_by_less_than_one(budget, cost, asked):
    assert len(pick(np.arange(6.0), np.ones(6, bool), budget, cost, rng())) == asked


def test_highest_first_and_closed_ones_never():
    open_ = np.array([True, False, True, True])
    assert pick(np.array([1.0, 9.0, 3.0, 2.0]), open_, 99, 1, rng()).tolist() == [2, 3, 0]


def test_ties_go_by_seeded_chance():
    utilities, open_ = np.zeros(50), np.ones(50, bool)
    assert pick(utilities, open_, 9, 1, rng(1)).tolist() == pick(utilities, open_, 9, 1, rng(1)).tolist()
    assert pick(utilities, open_, 9, 1, rng(1)).tolist() != pick(utilities, open_, 9, 1, rng(2)).tolist()
    assert pick(utilities, open_, 9, 1, rng(1)).tolist() != list(range(9))


def test_minus_infinity_comes_last():
    assert pick(np.array([-np.inf, 0, -np.inf]), np.ones(3, bool), 1, 1, rng()).tolist() == [1]
