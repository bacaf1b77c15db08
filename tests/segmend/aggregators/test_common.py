"""Every aggregator: probabilities, gold where it is known, the order of answers and names of classes do not matter."""

import numpy as np
import pytest

from benchmarks.crowds import everybody, table
from segmend.aggregators import Aggregator
from segmend.aggregators._votes import Votes
from segmend.stage.params import methods_of, validated

METHODS = [method() for method in methods_of(Aggregator)]
ANY_NUMBER = [one for one in METHODS if one.name != "arbitration"]  # of sources
LEARNING = [one for one in ANY_NUMBER if one.name not in ("majority", "bayesian_risk", "weighted")]
ids = {"ids": lambda method: method.name}


def crowd(method, gold=30):
    count = 2 if method.wants_pixels else 4
    return everybody(np.random.default_rng(0), reliability=(0.9, 0.8, 0.7, 0.6)[:count], gold=gold)


@pytest.mark.parametrize("method", METHODS, **ids)
def test_contract(method):
    truth, answers = crowd(method)
    found = method(answers)
    assert found.posterior.shape == (600, 3) and found.confusion.shape == (answers.sources, 3, 3)
    assert np.allclose(found.posterior.sum(axis=1), 1) and found.posterior.min() >= 0
    assert np.allclose(found.confusion.sum(axis=2), 1) and found.confusion.min() >= 0
    assert (
        found.reliability.shape == (answers.sources,) and 0 <= found.reliability.min() <= found.reliability.max() <= 1
    )
    risk = 1 - found.posterior.max(axis=1)
    assert risk.min() >= 0 and risk.max() <= 1 - 1 / 3 + 1e-12
    again = method(answers)
    assert all((a == b).all() for a, b in zip(found, again, strict=True))


@pytest.mark.parametrize("method", ANY_NUMBER, **ids)
def test_better_than_chance_and_no_worse_than_the_worst_source(method):
    truth, answers = crowd(method)
    assert (method(answers).posterior.argmax(axis=1) == truth).mean() > 0.8


@pytest.mark.parametrize("method", LEARNING, **ids)
def test_reliabilities_are_found_without_gold(method):
    _, answers = crowd(method, gold=0)
    found = method(answers).reliability
    assert np.abs(found - [0.9, 0.8, 0.7, 0.6]).max() < 0.08


@pytest.mark.parametrize("method", METHODS, **ids)
def test_the_order_of_answers_does_not_matter(method):
    _, one = crowd(method)
    shuffled = np.random.default_rng(1).permutation(len(one.task))
    other = Votes(
        one.task[shuffled], one.source[shuffled], one.label[shuffled],
        tasks=one.tasks, sources=one.sources, classes=one.classes, gold=one.gold,
    )  # fmt: skip
    assert np.allclose(method(one).posterior, method(other).posterior, atol=1e-9)


@pytest.mark.parametrize("method", METHODS, **ids)
def test_names_of_classes_do_not_matter(method):
    _, one = crowd(method)
    turn = np.array([2, 0, 1])
    gold = np.where(one.gold < 0, -1, turn[one.gold])
    other = Votes(one.task, one.source, turn[one.label], tasks=600, sources=one.sources, classes=3, gold=gold)
    assert np.allclose(method(one).posterior, method(other).posterior[:, turn], atol=1e-9)


@pytest.mark.parametrize("method", [one for one in METHODS if one.name != "glad"], **ids)
def test_identical_tasks_are_one_with_a_size(method):
    """Tasks of which each stands twice, or once with the size 2: the same beliefs (glad's tasks have a difficulty each)."""
    said = np.array([[0, 0], [0, 1], [1, 1], [2, 2], [1, 2]])
    gold = np.array([0, 0, -1, -1, -1])
    twice = table(np.repeat(said, 2, axis=0), 3, gold=np.repeat(gold, 2))
    once = table(said, 3, gold=gold, size=np.full(5, 2.0))
    if method.name == "belief_propagation":  # each of two identical tasks hears from the other; so do sized ones
        assert np.allclose(method(twice).posterior[::2], method(once).posterior, atol=1e-3)
    else:
        assert np.allclose(method(twice).posterior[::2], method(once).posterior, atol=1e-9)


@pytest.mark.parametrize("method", METHODS, **ids)
def test_a_task_without_answers_is_anybodys_guess(method):
    said = np.array([[0, 0], [1, 1], [2, 2], [-1, -1]])
    answers = table(said, 3, gold=np.array([0, 1, 2, -1]))
    assert np.allclose(method(answers).posterior[3], 1 / 3, atol=1e-9)


@pytest.mark.parametrize("method", [one for one in METHODS if hasattr(one, "alpha")], **ids)
def test_a_prior_no_better_than_chance_is_refused(method):
    with pytest.raises(ValueError, match=r"no better than chance, so that labels can flip: alpha must be above beta"):
        validated(type(method), {"name": method.name, "alpha": 1, "beta": 1}, "pseudo_label.aggregator")


def test_strange_answers_are_named():
    with pytest.raises(ValueError, match=r"holds the label 254: 0..2 is allowed"):
        table([[0, 254]], 3)
