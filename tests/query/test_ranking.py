"""Budgets, ties, and no region twice."""

import numpy as np
import pytest

from tasks.query.ranking import allowance, ranked


def rng(seed=0):
    return np.random.default_rng(seed)


def test_budgets():
    assert allowance(7, 1000) == 7 and allowance("5%", 1000) == 50 and allowance("2.5%", 90) == pytest.approx(2.25)


def test_highest_first_and_closed_ones_never():
    open_ = np.array([True, False, True, True])
    assert ranked(np.array([1.0, 9.0, 3.0, 2.0]), open_, rng()).tolist() == [2, 3, 0]


def test_ties_go_by_seeded_chance():
    utilities, open_ = np.zeros(50), np.ones(50, bool)
    assert ranked(utilities, open_, rng(1)).tolist() == ranked(utilities, open_, rng(1)).tolist()
    assert ranked(utilities, open_, rng(1)).tolist() != ranked(utilities, open_, rng(2)).tolist()
    assert (
        sorted(ranked(utilities, open_, rng(1)).tolist())
        == list(range(50))
        != ranked(utilities, open_, rng(1)).tolist()
    )


def test_minus_infinity_comes_last():
    assert ranked(np.array([-np.inf, 0, -np.inf]), np.ones(3, bool), rng())[0] == 1
