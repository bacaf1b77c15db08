"""Dawid-Skene: one pass by hand, gold, sources who mix up two classes."""

import numpy as np
import pytest

from benchmarks.crowds import mistaken, table
from segmend.aggregators.dawid_skene import DawidSkene


def test_one_pass_by_hand():
    """Votes (1, 0), (1/2, 1/2): C[0, 0] of source 0 is (1 + 1/2 + 2) / (3/2 + 3); of source 1, (1 + 2) / (3/2 + 3)."""
    found = DawidSkene(sweeps=1)(table([[0, 0], [0, 1]], 2))
    first = np.array([[3.5, 1.0], [2.5 - 1, 2.0]])  # rows: class 0: 1.5 + 2 said 0; class 1: 0.5 + 1 said 0
    second = np.array([[3.0, 1.5], [1.0, 2.5]])
    first, second = (one / one.sum(axis=1, keepdims=True) for one in (first, second))
    share = np.array([1.5 + 0.5, 0.5 + 0.5]) / 3
    expected = share * first[:, 0] * second[:, 1]
    assert found.posterior[1] == pytest.approx(expected / expected.sum())


def test_agreement_is_the_label():
    found = DawidSkene()(table(np.repeat(np.arange(3), 20)[:, None].repeat(2, 1), 3))
    assert (found.posterior.argmax(axis=1) == np.repeat(np.arange(3), 20)).all() and found.posterior.max(
        axis=1
    ).min() > 0.9


def test_a_source_that_mixes_up_two_classes_still_tells():
    """The third always says 1 for 2 and 2 for 1: after learning that, its word is as good as any."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 900)
    swap = np.array([0, 2, 1])
    said = np.stack([mistaken(rng, truth, 0.75, 3) for _ in range(3)] + [swap[truth]], axis=1)
    found = DawidSkene()(table(said, 3))
    assert found.confusion[3, 1, 2] > 0.95 and (found.posterior.argmax(axis=1) == truth).mean() > 0.95


def test_gold_is_clamped():
    found = DawidSkene()(table([[0, 0], [0, 1]], 2, gold=np.array([1, -1])))
    assert found.posterior[0].tolist() == [0, 1]
