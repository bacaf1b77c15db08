"""Weighted: gold decides who is believed."""

import numpy as np
import pytest

from benchmarks.crowds import everybody, table
from segmend.aggregators.majority import Majority
from segmend.aggregators.weighted import Weighted


def test_by_hand():
    """Right on 4 of 4 and on 1 of 4, prior 2 and 1: q = 6/7 and 3/7; the second is below one half and has no vote."""
    said = np.array([[0, 1], [0, 1], [1, 0], [1, 1], [0, 1]])
    found = Weighted()(table(said, 2, gold=np.array([0, 0, 1, 1, -1])))
    assert found.reliability == pytest.approx([6 / 7, 0.5])
    assert found.posterior[4] == pytest.approx([6 / 7, 1 / 7])


def test_equal_reliability_is_majority():
    rng = np.random.default_rng(0)
    said = rng.integers(0, 3, (50, 3))
    said[:6] = np.arange(6)[:, None] % 3
    answers = table(said, 3, gold=np.where(np.arange(50) < 6, np.arange(50) % 3, -1))
    decisive = answers.votes.max(axis=1) > 1
    same = Weighted()(answers).posterior.argmax(axis=1) == Majority()(answers).posterior.argmax(axis=1)
    assert same[decisive].all()


def test_copies_do_not_outvote_gold():
    """Three bad sources copy one another: the majority is theirs, gold of 40 tasks sees through it."""
    truth, answers = everybody(np.random.default_rng(0), 2000, (0.9, 0.85, 0.6, 0.45, 0.3), 4, copies=0.85, gold=40)
    accuracy = [(m(answers).posterior.argmax(axis=1) == truth).mean() for m in (Majority(), Weighted())]
    assert accuracy[0] < 0.75 and accuracy[1] > 0.85


def test_no_gold_is_told():
    with pytest.raises(ValueError, match=r"weighted needs gold: masks of an annotator named 'gold'"):
        Weighted()(table([[0, 1]], 2))
