"""Mean field: a pass by hand, its limit."""

import numpy as np
import pytest

from benchmarks.crowds import everybody, table
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.mean_field import MeanField


def test_one_pass_by_hand():
    """One answer 0, certain after the vote: counts (3, 1) and (1, 2); digamma(n + 1) = digamma(n) + 1 / n:
    row 0: psi(3) - psi(4) = -1/3; row 1: psi(1) - psi(3) = -3/2."""
    found = MeanField(sweeps=1)(table([[0]], 2))
    expected = np.exp([-1 / 3, -3 / 2])
    assert found.posterior[0] == pytest.approx(expected / expected.sum())


def test_many_answers_are_dawid_skene():
    _, answers = everybody(np.random.default_rng(0), 3000, (0.9, 0.8, 0.7), 3)
    assert np.abs(MeanField()(answers).confusion - DawidSkene()(answers).confusion).max() < 0.02


def test_a_network_and_its_clip():
    unary = np.log([[0.999, 0.001]])
    surer = [MeanField(clip=c)(table([[1]], 2, unary=unary)).posterior[0, 0] for c in (1.0, 0.9, 0.5)]
    assert surer[0] > surer[1] > surer[2]
