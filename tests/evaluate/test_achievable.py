"""The best labels that answers can give, by hand."""

import numpy as np

from segmend.images.rasters import UNLABELLED, VOID
from tasks.evaluate.achievable import best

REGIONS = np.array([[0, 0, 0, 1, 1, 1, 2, 2, 2, -1]], np.int32)


def made(labels, truth):
    return best(np.array([labels], np.uint8), np.array([truth], np.uint8), REGIONS, 3)[0].tolist()


def test_each_region_keeps_or_takes_the_better():
    labels = [0, 0, 0, 1, 1, 2, 0, 1, 2, 0]
    truth = [1, 1, 0, 1, 2, 2, 2, 2, 2, 2]
    # Region 0: class 1 is right twice, the labels once. Region 1: the labels 1 1 2 are right twice, class 2 too: they stay.
    assert made(labels, truth) == [1, 1, 1, 1, 1, 2, 2, 2, 2, 0]


def test_nothing_to_gain_changes_nothing():
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert made(labels, labels) == labels


def test_void_stays_and_unlabelled_is_filled():
    labels, truth = [VOID, 0, 0, UNLABELLED, UNLABELLED, 1, 0, 0, 0, 0], [2, 2, 2, 1, 1, 1, VOID, VOID, VOID, 1]
    assert made(labels, truth) == [VOID, 2, 2, 1, 1, 1, 0, 0, 0, 0]


def test_never_worse_than_the_labels_or_than_painting():
    random = np.random.default_rng(0)
    for _ in range(20):
        labels, truth = random.integers(0, 3, (2, 1, 10)).astype(np.uint8)
        highest = best(labels, truth, REGIONS, 3)
        assert (highest == truth).sum() >= (labels == truth).sum()
