"""Plain self-training: by hand, and the card's limits."""

import numpy as np

from segmend.images.rasters import UNLABELLED, VOID
from tasks.correct.expansion._base import ImageContext
from tasks.correct.expansion.self_training import SelfTraining

U = UNLABELLED
P = [[0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [0.4, 0.4, 0.2], [0.2, 0.6, 0.2]]


def row(method, labels=(U, U, U, U), unseen=(1, 2)) -> list[int]:
    p = np.array(P, np.float32).T[:, None]
    maps = np.array([labels], np.uint8)
    seen = ImageContext("i", p, None, maps, maps, np.zeros((1, 4), np.int32), [], unseen=unseen)
    return method.spread(seen, None)[0].tolist()


def test_by_hand():
    assert row(SelfTraining()) == [U, 2, U, U]
    assert row(SelfTraining(threshold=0.65)) == [0, 2, U, U]
    assert row(SelfTraining(threshold=0)) == [0, 2, 0, 1]  # of equals the first


def test_among_unseen_classes_shares_are_of_these():
    """Of .2 and .1 two thirds, of .05 and .9 18/19, of .4 and .2 two thirds, of .6 and .2 three quarters."""
    assert row(SelfTraining(threshold=0.7, against="unseen")) == [U, 2, U, 1]
    assert row(SelfTraining(threshold=0, against="unseen")) == [1, 2, 1, 1]
    assert row(SelfTraining(threshold=0, against="unseen"), unseen=()) == [U] * 4


def test_void_and_labels_stay():
    assert row(SelfTraining(threshold=0), labels=(VOID, 0, U, U)) == [VOID, 0, 0, 1]


def test_at_one_hardly_any():
    assert row(SelfTraining(threshold=1)) == [U] * 4
