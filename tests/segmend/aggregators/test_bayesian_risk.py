"""Bayesian risk: the paper's arithmetic, its limits."""

import numpy as np
import pytest

from benchmarks.crowds import table
from segmend.aggregators.bayesian_risk import BayesianRisk

MARKS = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [1, 1, 0, 0]]).T


def test_by_hand():
    """Weights .9, .3, .6: C = 1, (.9 + .6) / 1.8, 0, .3 / 1.8; risk 0, .167, 0, .167."""
    found = BayesianRisk().weigh(table(MARKS, 2), np.repeat([[0.9], [0.3], [0.6]], 2, axis=1))
    assert found.posterior[:, 1] == pytest.approx([1, 0.8333333, 0, 0.1666667])
    assert 1 - found.posterior.max(axis=1) == pytest.approx([0, 0.1666667, 0, 0.1666667])


def test_no_gold_is_the_vote():
    assert BayesianRisk()(table(MARKS, 2)).posterior[:, 1] == pytest.approx([1, 2 / 3, 0, 1 / 3])


def test_gold_by_hand():
    """Of two gold tasks (0 and 1) source 0 has both, source 1 says 0 twice: qualities 4/5 and 3/5, accuracies of the classes
    3/4 and 3/4, 3/4 and 2/4."""
    said = np.array([[0, 0], [1, 0], [0, 1]])
    found = BayesianRisk()(table(said, 2, gold=np.array([0, 1, -1])))
    weights = np.array([4 / 5 * 3 / 4, 3 / 5 * 2 / 4])
    assert found.posterior[2] == pytest.approx(weights / weights.sum())


def test_one_annotator_has_no_risk():
    assert BayesianRisk()(table([[2], [0]], 3)).posterior.max(axis=1).tolist() == [1, 1]
