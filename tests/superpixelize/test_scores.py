"""The scores of regions, by hand."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.superpixelize.scores import Sums, scores, sums

TRUTH = np.array([[0, 0, 0, 1], [0, 0, 0, 1]], np.uint8)
HALVES = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.int32)


def test_by_hand():
    found = sums(HALVES, TRUTH, 2, 0)
    # Right half: 2 pixels of class 0, 2 of class 1: 2 can be right; min(inside, outside) = 2 for both classes.
    assert found == Sums(pixels=8, achievable=6, leaking=4, borders=2, recalled=0)
    assert scores(found) == {"achievable_accuracy": 0.75, "boundary_recall": 0.0, "undersegmentation_error": 0.5}
    assert sums(HALVES, TRUTH, 2, 1).recalled == 2  # one pixel beside the true border


def test_perfect_regions():
    assert scores(sums(TRUTH.astype(np.int32), TRUTH, 2, 0)) == {
        "achievable_accuracy": 1.0, "boundary_recall": 1.0, "undersegmentation_error": 0.0,
    }  # fmt: skip


def test_void_truth_does_not_count():
    truth = TRUTH.copy()
    truth[:, 3] = VOID
    assert sums(HALVES, truth, 2, 1) == Sums(pixels=6, achievable=6)


def test_sums_add_and_nothing_is_none():
    assert (Sums(1, 2, 3, 4, 5) + Sums(1, 1, 1, 1, 1)) == Sums(2, 3, 4, 5, 6)
    assert set(scores(Sums()).values()) == {None}


def test_one_region_for_all():
    found = scores(sums(np.zeros((2, 4), np.int32), TRUTH, 2, 1))
    assert found["achievable_accuracy"] == pytest.approx(0.75) and found["boundary_recall"] == 0
