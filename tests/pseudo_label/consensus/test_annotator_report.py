"""Agreement: copies are told of, independent sources are not; intervals; who tells most."""

import numpy as np
import pytest
from scipy.stats import beta

from benchmarks.crowds import everybody
from benchmarks.crowds import table as crowd_table
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.majority import Majority
from segmend.images.rasters import UNLABELLED
from tasks.pseudo_label.consensus.annotator_report import (
    Ratio,
    Tally,
    copies,
    information,
    interval,
    judged,
    table,
    warnings_of,
)

FIVE = (0.9, 0.85, 0.6, 0.45, 0.3)
INDEPENDENT = [(0.95, 0.95, 0.7), FIVE, (0.95, 0.9, 0.7, 0.6, 0.5), (0.98, 0.97, 0.8, 0.8, 0.8)]


def tallied(answers, posterior, gold=None, images=20):
    labels = np.full((answers.tasks, answers.sources), UNLABELLED, np.uint8)
    labels[answers.task, answers.source] = answers.label
    tally = Tally(answers.sources, answers.classes)
    known = np.where(answers.gold < 0, UNLABELLED, answers.gold).astype(np.uint8)
    for part in np.array_split(np.random.default_rng(0).permutation(answers.tasks), images):
        tally.add(labels[part], answers.size[part], posterior[part], known[part] if gold else None)
    return tally


@pytest.mark.parametrize("aggregator", [Majority(), DawidSkene(), BeliefPropagation()], ids=lambda one: one.name)
@pytest.mark.parametrize("seed", range(3))
def test_copies_are_told_with_gold(seed, aggregator):
    """Sources 2, 3 and 4 copy 85 % of their answers; gold on 200 of 2,000 tasks."""
    _, answers = everybody(np.random.default_rng(seed), 2000, FIVE, 4, copies=0.85, gold=200)
    tally = tallied(answers, aggregator(answers).posterior, gold=True)
    found = judged(tally)
    assert set(copies(tally, found)) == {(2, 3), (2, 4), (3, 4)} or set(copies(tally, found)) == {(2, 3), (2, 4)}
    said = warnings_of(tuple("abcde"), tally, found)
    assert any("c and d agree on" in one and "weighted" in one for one in said)
    assert any("the consensus takes c to be right in" in one for one in said)
    assert not any("groups of sources" in one for one in said)
    assert table(tuple("abcde"), tally, found, tuple("wxyz"))["copying"]["basis"] == "gold"


@pytest.mark.parametrize("aggregator", [Majority(), DawidSkene(), BeliefPropagation()], ids=lambda one: one.name)
@pytest.mark.parametrize("reliability", INDEPENDENT)
def test_independent_sources_are_not_accused(reliability, aggregator):
    for seed in range(3):
        for gold in (0, 200):
            _, answers = everybody(np.random.default_rng(seed), 2000, reliability, 4, gold=gold)
            tally = tallied(answers, aggregator(answers).posterior, gold=gold > 0)
            found = judged(tally)
            said = warnings_of(tuple("abcde")[: len(reliability)], tally, found)
            assert copies(tally, found) == [] and not any("agree" in one for one in said)


def test_without_gold_reliability_is_the_consensus_and_nothing_is_expected():
    _, answers = everybody(np.random.default_rng(0), 2000, FIVE, 4)
    found = judged(tallied(answers, BeliefPropagation()(answers).posterior))
    assert np.abs(found.reliability - FIVE).max() < 0.04 and np.isnan(found.expected).all()


@pytest.mark.parametrize("aggregator", [Majority(), DawidSkene(), BeliefPropagation()], ids=lambda one: one.name)
def test_without_gold_both_groups_are_named(aggregator):
    _, answers = everybody(np.random.default_rng(0), 2000, FIVE, 4, copies=0.85)
    tally = tallied(answers, aggregator(answers).posterior)
    (said,) = warnings_of(tuple("abcde"), tally, judged(tally))
    assert "mistakes allow: a, b; or c, d, e." in said and "add gold masks (masks/gold)" in said
    record = table(tuple("abcde"), tally, judged(tally), tuple("wxyz"))
    assert record["copying"]["groups"] == [["a", "b"], ["c", "d", "e"]] and record["copying"]["told"]
    assert all(pair["expected"] is None for pair in record["agreement"])


@pytest.mark.parametrize("gold", [0, 400])
@pytest.mark.parametrize("aggregator", [Majority(), DawidSkene()], ids=lambda one: one.name)
def test_uneven_classes(aggregator, gold):
    """90 % background, for which everybody agrees often: independent sources are not accused, copies are told of."""
    for seed in range(3):
        for copied in (0.0, 0.85):
            rng = np.random.default_rng(seed)
            truth = (rng.random(4000) < 0.1).astype(np.int64)
            right = np.array([(0.99, 0.9), (0.97, 0.8), (0.95, 0.6), (0.98, 0.5), (0.9, 0.7)])[:, truth].T
            said = np.where(rng.random(right.shape) < right, truth[:, None], 1 - truth[:, None])
            said[:, 3:] = np.where(rng.random((4000, 2)) < copied, said[:, 2:3], said[:, 3:])
            answers = crowd_table(said, 2, gold=np.where(np.arange(4000) < gold, truth, -1))
            tally = tallied(answers, aggregator(answers).posterior, gold=gold > 0)
            told = [one for one in warnings_of(tuple("abcde"), tally, judged(tally)) if "agree" in one]
            assert bool(told) == (copied > 0)
            assert all("c and d agree" in one or "c and e" in one or "d and e" in one for one in told) or gold == 0


def test_below_four_sources_the_record_says_that_it_cannot_be_told():
    _, answers = everybody(np.random.default_rng(0), 2000, (0.9, 0.6, 0.6), 4, copies=0.85)
    tally = tallied(answers, Majority()(answers).posterior)
    assert warnings_of(tuple("abc"), tally, judged(tally)) == []
    copying = table(("a", "b", "c"), tally, judged(tally), tuple("wxyz"))["copying"]
    assert copying["basis"] is None and "four sources are needed, and there are 3" in copying["unknown"]


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
