"""Evidence: what answers say about the network's other conflicts."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.expansion._base import AnswerMask, AnswerOutcome, ImageContext
from tasks.correct.expansion._conflict_evidence import code, conflict_features, lower_bound, regression
from tasks.correct.expansion.evidence import Evidence

RNG = np.random.default_rng(0)


def image(labels, predicted, sure=0.9, answers=()):
    predicted, labels = np.asarray(predicted), np.asarray(labels, np.uint8)
    p = np.full((3, *predicted.shape), (1 - sure) / 2, np.float32)
    np.put_along_axis(p, predicted[None].astype(np.int64), sure, axis=0)
    return ImageContext("a", p, None, labels, labels, np.zeros(predicted.shape, np.int32), list(answers))


def learned_from(method, outcomes):
    return method.learn([], outcomes, RNG)


RIGHT = [
    AnswerOutcome(size, 0, 1, 0.8 * size, 1) for size in range(20, 60)
]  # 40 questions, label 0, network 1, answer 1
WRONG = [AnswerOutcome(size, 0, 1, 0.8 * size, 0) for size in range(20, 60)]


def blocks():
    labels, predicted = np.zeros((20, 20)), np.zeros((20, 20), int)
    predicted[2:8, 2:8], predicted[12:18, 2:8], predicted[2:4, 12:14] = 1, 2, 1  # 36 pixels each, and 4
    return labels, predicted


def test_a_network_that_was_right_mends_the_other_conflicts_of_its_kind():
    labels, predicted = blocks()
    method = Evidence()
    made = method.spread(image(labels, predicted), learned_from(method, RIGHT))
    assert (made[2:8, 2:8] == 1).all()
    assert (made[12:18, 2:8] == 0).all()  # nobody was asked whether 0 is 2: the interval is too wide
    assert (made[2:4, 12:14] == 0).all()  # smaller than 8 pixels
    assert (made != labels).sum() == 36


@pytest.mark.parametrize("outcomes", [WRONG, [], RIGHT[:1], [AnswerOutcome(30, 1, 1, 0.0, 1)] * 40])
def test_without_good_evidence_nothing_moves(outcomes):
    labels, predicted = blocks()
    method = Evidence()
    assert (method.spread(image(labels, predicted), learned_from(method, outcomes)) == labels).all()


def test_limits_of_sure_and_z():
    labels, predicted = blocks()
    assert (Evidence(sure=1).spread(image(labels, predicted), learned_from(Evidence(), RIGHT)) == labels).all()
    bold = Evidence(sure=0, z=0, smallest=1)
    assert (bold.spread(image(labels, predicted), learned_from(bold, WRONG)) == predicted).all()


def test_answered_void_and_unlabelled_pixels_stay():
    labels, predicted = blocks()
    labels[2:8, 2:4], labels[0, :] = VOID, UNLABELLED
    asked = np.zeros((20, 20), bool)
    asked[2:8, 6:8] = True
    told = AnswerMask(np.flatnonzero(asked), "confirm", (0,))
    made = Evidence().spread(image(labels, predicted, answers=[told]), learned_from(Evidence(), RIGHT))
    assert (made[2:8, 4:6] == 1).all() and (made != labels).sum() == 12


def test_what_an_answer_leaves_unsaid_in_its_region_stays_too():
    """A confirm of two columns of a region of four: the other two are asked about as well."""
    labels, predicted = blocks()
    region, spoken = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    region[2:8, 4:8], spoken[2:8, 6:8] = True, True
    told = AnswerMask(np.flatnonzero(spoken), "confirm", (0,), np.flatnonzero(region))
    made = Evidence().spread(image(labels, predicted, answers=[told]), learned_from(Evidence(), RIGHT))
    assert (made[2:8, 2:4] == 1).all() and (made != labels).sum() == 12


def test_weak_conflicts_are_told_from_strong_ones():
    """Answers say: where the network is sure it is right, where it is not it is wrong."""
    weak = [AnswerOutcome(30, 0, 1, 0.1 * 30, 0)] * 60
    strong = [AnswerOutcome(30, 0, 1, 0.85 * 30, 1)] * 60
    labels, predicted = blocks()
    method = Evidence()
    learned = learned_from(method, weak + strong)
    assert (method.spread(image(labels, predicted, 0.9), learned)[2:8, 2:8] == 1).all()
    assert (method.spread(image(labels, predicted, 0.4), learned) == labels).all()


def test_regression_by_hand():
    """One feature, always 1, three of four right: the mode solves 3 - 4 s(w) = w / prior^2, the variance is 1 / (4 s (1 - s) + 1 / prior^2)."""
    weights, covariance = regression(np.ones((4, 1)), np.array([1.0, 1, 1, 0]), prior=2.0)
    w = weights[0]
    s = 1 / (1 + np.exp(-w))
    assert 3 - 4 * s == pytest.approx(w / 4, abs=1e-9) and 0.6 < s < 0.75
    assert covariance[0, 0] == pytest.approx(1 / (4 * s * (1 - s) + 0.25))


def test_looks_are_of_one_size():
    found = conflict_features(np.array([8, 64, 512]), np.array([0.0, 0.5, 1.0]))
    assert found[:, 0].tolist() == [1, 1, 1] and found[:, 1].tolist() == found[:, 2].tolist() == [-1, 0, 1]


def test_unknown_pairs_are_as_the_whole_regression_would_have_them():
    """Columns of pairs that no answer was about change nothing but the variance: compared with a regression over all pairs."""
    method, outcomes = Evidence(), RIGHT + WRONG[:15] + [AnswerOutcome(40, 2, 1, 20.0, 1)] * 9
    learned = learned_from(method, outcomes)
    size, shown, predicted, expected, answer = (np.array(column) for column in zip(*outcomes, strict=True))
    every = np.eye(9)
    x = np.column_stack([conflict_features(size, expected / size), every[shown * 3 + predicted]])
    weights, covariance = regression(x, (answer == predicted).astype(float), method.prior)
    asked, pairs = (
        conflict_features(np.array([30, 30, 30]), np.array([0.7, 0.7, 0.7])),
        np.array([1, 7, 5]),
    )  # 0 to 1, 2 to 1, 1 to 2
    whole = np.column_stack([asked, every[pairs]])
    lower = whole @ weights - method.z * np.sqrt(((whole @ covariance) * whole).sum(1))
    found = lower_bound(asked, code(pairs // 3, pairs % 3), learned, method.prior, method.z)
    assert found == pytest.approx(1 / (1 + np.exp(-lower)), rel=1e-9)
