"""Belief propagation: exact on trees, one edge by hand, clipping, sizes."""

import numpy as np
import pytest

from benchmarks.crowds import enumerated, everybody, table, tree
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.mean_field import MeanField


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_exact_on_trees(seed, classes):
    """With a network as prior; enumeration of all labellings is the judge."""
    answers = tree(np.random.default_rng(seed), classes=classes)
    found = BeliefPropagation(grid=16, clip=1.0, tolerance=1e-12)(answers).posterior
    assert np.abs(found - enumerated(answers, 16, 2, 1)).max() < 1e-9


def test_one_answer_by_hand():
    """Beta(2, 1) has the mean 2/3; its two-point grid .25, .75 with weights .25, .75 has .625."""
    found = BeliefPropagation(grid=2)(table([[1]], 2))
    assert found.posterior[0] == pytest.approx([0.375, 0.625])
    assert BeliefPropagation(grid=200)(table([[1]], 2)).posterior[0, 1] == pytest.approx(2 / 3, abs=1e-3)


def test_clip_limits_the_network():
    said = table([[1]], 2, unary=np.log([[0.999, 0.001]]))
    sure, limited, deaf = (BeliefPropagation(clip=c)(said).posterior[0, 0] for c in (1.0, 0.9, 0.5))
    assert sure > 0.99 > limited and limited == pytest.approx(0.9 / (0.9 + 0.1 * 2), abs=0.01)
    assert deaf == pytest.approx(1 / 3, abs=0.01)


def test_many_answers_are_mean_field():
    truth, answers = everybody(np.random.default_rng(0), 2000, (0.9, 0.85, 0.6, 0.45, 0.3), 4)
    bp, mf = BeliefPropagation()(answers), MeanField()(answers)
    assert np.abs(bp.reliability - mf.reliability).max() < 0.02
    assert (bp.posterior.argmax(axis=1) == mf.posterior.argmax(axis=1)).mean() > 0.98


def test_spammers_who_answer_everything_do_less_harm_than_to_a_vote():
    rng = np.random.default_rng(0)
    truth, answers = everybody(rng, 600, (0.85, 0.8, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5), 2)
    vote = (answers.votes.argmax(axis=1) == truth).mean()
    assert (BeliefPropagation()(answers).posterior.argmax(axis=1) == truth).mean() > vote + 0.05
