"""The pool of opinions: the prior, the answers' weight, and numbers by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.correct.expansion._opinion_pool import MEAN, Opinions, features, fitted, scores


def opinions(n=60, seed=0, classes=3, agree=True, sure=0.9):
    rng = np.random.default_rng(seed)
    given_ = rng.integers(classes, size=n)
    network = given_ if agree else (given_ + 1) % classes
    own = np.full((n, classes), (1 - sure) / (classes - 1))
    own[np.arange(n), (given_ + 1) % classes] = sure  # the corrector says another class everywhere
    return Opinions(given_, network, np.full(n, 0.8), own)


NONE = np.zeros(0, np.int64)


def test_without_answers_it_is_the_prior_and_nothing_is_sure():
    pool = fitted(opinions(0), NONE, np.zeros(0))
    assert pool.theta == pytest.approx([*MEAN, *[0.0] * 6])
    assert not pool.best(opinions(), pool.scores(opinions()), 1.28)[1].any()


def test_scores_by_hand():
    """Given 0, the network agrees with .8, the corrector .9 for 1: 2 + 1 * .6 + .5 log .05 for class 0, .5 log .9 for class 1."""
    one = opinions(200).take(np.array([0]))._replace(given=np.array([0]), network=np.array([0]))
    one = one._replace(corrector=np.array([[0.05, 0.9, 0.05]]))
    theta = np.array([*MEAN, *[0.0] * 6])
    assert scores(one, theta)[0] == pytest.approx([2.6 + 0.5 * np.log(0.05), 0.5 * np.log(0.9), 0.5 * np.log(0.05)])


@settings(deadline=None)
@given(st.integers(0, 2**16), st.booleans())
def test_scores_are_the_features_times_the_weights(seed, agree):
    rng = np.random.default_rng(seed)
    some = opinions(20, seed, agree=agree)._replace(corrector=rng.dirichlet([1.0] * 3, 20))
    theta = rng.normal(size=len(MEAN) + 6)
    wanted = np.stack([features(some, np.full(20, k)) @ theta for k in range(3)], axis=1)
    assert scores(some, theta) == pytest.approx(wanted)


def test_answers_that_agree_with_the_corrector_let_it_relabel():
    some = opinions()
    pool = fitted(some, (some.given + 1) % 3, np.ones(60))
    best, surely = pool.best(some, pool.scores(some), 1.28)
    assert surely.all() and (best == (some.given + 1) % 3).all()


def test_answers_that_agree_with_the_labels_forbid_it():
    some = opinions()
    pool = fitted(some, some.given, np.ones(60))
    assert not pool.best(some, pool.scores(some), 0.0)[1].any()


def test_a_repeated_mistake_that_the_network_is_less_sure_of():
    """Where the network agrees surely the label is right, where it does so with .6 another class is: only that is relabelled."""
    some = opinions(80)
    sure = np.where(np.arange(80) % 2, 0.99, 0.6)
    some = some._replace(
        sure=sure, corrector=np.full((80, 3), 1 / 3) + 0.1 * (np.arange(3) == (some.given + 1)[:, None] % 3)
    )
    answers = np.where(sure < 0.7, (some.given + 1) % 3, some.given)
    pool = fitted(some, answers, np.ones(80))
    surely = pool.best(some, pool.scores(some), 1.28)[1]
    assert not surely[sure > 0.7].any() and surely[sure < 0.7].all()


def test_answers_without_weight_teach_nothing():
    some = opinions()
    pool = fitted(some, (some.given + 1) % 3, np.zeros(60))
    assert pool.theta == pytest.approx([*MEAN, *[0.0] * 6])


@settings(deadline=None)
@given(st.integers(0, 2**16), st.floats(0, 3))
def test_a_wider_guard_relabels_no_more(seed, z):
    rng = np.random.default_rng(seed)
    some = opinions(30, seed)._replace(corrector=rng.dirichlet([0.5] * 3, 30))
    pool = fitted(some, rng.integers(3, size=30), np.ones(30))
    narrow, wide = pool.best(some, pool.scores(some), z)[1], pool.best(some, pool.scores(some), z + 0.5)[1]
    assert not (wide & ~narrow).any()


@pytest.mark.parametrize("seed", range(6))
def test_the_fit_is_a_maximum(seed):
    """No small step in any direction makes the posterior higher; with seed 1 whole steps of Newton's method go to and fro."""
    rng = np.random.default_rng(seed)
    some, answers = opinions(40)._replace(corrector=rng.dirichlet([1.0] * 3, 40)), rng.integers(3, size=40)
    pool = fitted(some, answers, np.ones(40))

    def posterior(theta):
        score = scores(some, theta)
        prior = np.concatenate([np.array([1.5, 1.5, 1.5, 1.5, 1.5, 0.5]), np.full(6, 0.7)])
        distance = (theta - np.concatenate([MEAN, np.zeros(6)])) / prior
        return (score[np.arange(40), answers] - np.log(np.exp(score).sum(axis=1))).sum() - distance @ distance / 2

    for step in np.eye(len(pool.theta)):
        assert posterior(pool.theta) > max(posterior(pool.theta + 0.01 * step), posterior(pool.theta - 0.01 * step))
