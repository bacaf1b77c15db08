"""Deciding: thresholds by hand, the best of all labellings, never worse than the most likely."""

from itertools import product

import numpy as np
import pytest

from segmend.aggregators._decision_rules import decided, expected_iou


def decide(posterior, size, rule="expected_iou", group=None):
    posterior, size = np.asarray(posterior, float), np.asarray(size, float)
    return decided(posterior, size, np.zeros(len(size), np.int64) if group is None else np.asarray(group), rule)


def test_by_hand():
    """100 pixels of ground, 10 at p = .4, 10 at p = .9. Foreground named at .9 alone: J = 9 / (10 + 4) = .64; with .4 too:
    13 / 20 = .65. Ground: (100 + 6) / (110 + 1) = .955 against 100 / (100 + 6 + 1) = .935: together the first is better by a hair.
    With p = .45 it is 13.5 / 20 = .675 against 9 / 14.5 = .62."""
    p = [[1, 0], [0.6, 0.4], [0.1, 0.9]]
    assert decide(p, [100, 10, 10]).tolist() == [0, 0, 1]
    p[1] = [0.55, 0.45]
    assert decide(p, [100, 10, 10]).tolist() == [0, 1, 1]
    assert decide(p, [100, 10, 10], "most_likely").tolist() == [0, 0, 1]


@pytest.mark.parametrize("seed", range(8))
def test_near_the_best_of_all_labellings(seed):
    rng = np.random.default_rng(seed)
    posterior, size = rng.dirichlet([0.7, 0.4, 0.4], 6), rng.integers(1, 30, 6).astype(float)
    group = np.zeros(6, np.int64)
    score = [expected_iou(posterior, size, group, 1, np.array(one))[0].mean() for one in product(range(3), repeat=6)]
    mine, likely = (
        expected_iou(posterior, size, group, 1, decide(posterior, size, rule))[0].mean()
        for rule in ("expected_iou", "most_likely")
    )
    assert mine >= likely - 1e-12 and mine >= max(score) - 0.03


def test_certainty_leaves_no_choice():
    posterior = np.eye(3)[[0, 1, 1, 2]]
    assert decide(posterior, [5, 1, 1, 9]).tolist() == [0, 1, 1, 2]


def test_groups_decide_for_themselves():
    """The same pattern in an image with a sure object, and alone beside nothing but ground."""
    p = [[1, 0], [0.55, 0.45], [0.1, 0.9]]
    alone = decide(p, [100, 10, 10])
    both = decide([*p, [0, 1], [0.9, 0.1]], [100, 10, 10, 50, 5], group=[0, 0, 0, 1, 1])
    assert both[:3].tolist() == alone.tolist() and both[3:].tolist() == [1, 0]
    assert len(decide(np.zeros((0, 2)), [])) == 0
