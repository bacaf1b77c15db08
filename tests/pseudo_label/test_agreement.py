"""Agreement: copies are told of, independent sources are not; intervals; who tells most."""

import numpy as np
import pytest
from scipy.stats import beta

from benchmarks.crowds import everybody
from tasks.pseudo_label.aggregators.belief_propagation import BeliefPropagation
from tasks.pseudo_label.aggregators.majority import Majority
from tasks.pseudo_label.agreement import Ratio, Tally, copies, information, interval, judged, warnings_of
from tasks.rasters import UNLABELLED

FIVE = (0.9, 0.85, 0.6, 0.45, 0.3)


def tallied(answers, posterior, gold=None):
    labels = np.full((answers.tasks, answers.sources), UNLABELLED, np.uint8)
    labels[answers.task, answers.source] = answers.label
    tally = Tally(answers.sources, answers.classes)
    known = None if gold is None else np.where(answers.gold < 0, UNLABELLED, answers.gold).astype(np.uint8)
    tally.add(labels, answers.size, posterior, known)
    return tally


@pytest.mark.parametrize("seed", range(3))
def test_copies_are_told_with_gold(seed):
    """Sources 2, 3 and 4 copy 85 % of their answers; gold on 200 of 2,000 tasks."""
    _, answers = everybody(np.random.default_rng(seed), 2000, FIVE, 4, copies=0.85, gold=200)
    tally = tallied(answers, BeliefPropagation()(answers).posterior, gold=True)
    found = judged(tally)
    assert set(copies(tally, found)) == {(2, 3), (2, 4), (3, 4)} or set(copies(tally, found)) == {(2, 3), (2, 4)}
    said = warnings_of(tuple("abcde"), tally, found)
    assert any("c and d agree on" in one and "weighted" in one for one in said)
    assert any("the consensus takes c to be right in" in one for one in said)


@pytest.mark.parametrize("seed", range(3))
def test_independent_sources_are_not_accused(seed):
    _, answers = everybody(np.random.default_rng(seed), 2000, FIVE, 4)
    tally = tallied(answers, BeliefPropagation()(answers).posterior)
    found = judged(tally)
    assert copies(tally, found) == [] and np.abs(found.reliability - FIVE).max() < 0.04
    assert np.abs(found.observed - found.expected)[~np.eye(5, dtype=bool)].max() < 0.05


def test_without_gold_a_broken_agreement_asks_for_gold():
    _, answers = everybody(np.random.default_rng(0), 2000, FIVE, 4, copies=0.85)
    tally = tallied(answers, Majority()(answers).posterior)
    said = warnings_of(tuple("abcde"), tally, judged(tally))
    assert said and all("add gold masks (masks/gold)" in one for one in said)


def test_expected_agreement_by_hand():
    """Right in 60 % of four classes, both: .36 + .16 / 3 = .413."""
    _, answers = everybody(np.random.default_rng(0), 40000, (0.6, 0.6), 4, gold=40000)
    tally = tallied(answers, Majority()(answers).posterior, gold=True)
    assert judged(tally).expected[0, 1] == pytest.approx(0.4133, abs=0.01)


def test_error_over_images():
    """9 of 10, 6 of 10, 9 of 10: mean .8, deviations of the sums 1, -2, 1: sqrt(6 * 3 / 2) / 30."""
    ratio = Ratio()
    for part in (9.0, 6.0, 9.0):
        ratio.add(np.array(part), np.array(10.0))
    assert ratio.value == pytest.approx(0.8) and ratio.error == pytest.approx(3 / 30)
    one = Ratio()
    one.add(np.array(8.0), np.array(10.0))
    assert one.error == pytest.approx(np.sqrt(0.16 / 10))


def test_interval_is_jeffreys():
    """80 of 100 independent answers; the same share from images that differ is worth fewer."""
    low, high = interval(np.array([0.8]), np.array([0.04]), np.array([100.0]))
    assert (low[0], high[0]) == pytest.approx((beta.ppf(0.025, 80.5, 20.5), beta.ppf(0.975, 80.5, 20.5)))
    wide = interval(np.array([0.8]), np.array([0.08]), np.array([1e6]))
    assert wide[0] < low and wide[1] > high


def test_information_by_hand():
    """A perfect source tells one bit about a coin, a coin tells nothing, nobody tells anything about what is certain."""
    perfect, coin = np.eye(2), np.full((2, 2), 0.5)
    bits = information(np.array([[0.5, 0.5], [1, 0]]), np.stack([perfect, coin]))
    assert bits == pytest.approx(np.array([[1, 0], [0, 0]]))
    fair = information(np.array([[0.5, 0.5]]), np.array([[[0.89, 0.11], [0.11, 0.89]]]))
    assert fair[0, 0] == pytest.approx(0.5, abs=1e-3)  # H(.11) is half a bit
