"""The benchmark's upper bound of merging: cells of one true class that touch are one region."""

import numpy as np

from benchmarks.oracle_regions import merged


def test_neighbours_of_one_true_class_are_merged_by_hand():
    regions = np.array([[0, 0, 1, 1, -1], [2, 2, 3, 3, -1], [4, 4, 5, 5, -1]], np.int32)
    truth = np.array([[0, 0, 1, 1, 0], [0, 1, 0, 0, 0], [1, 1, 0, 0, 0]], np.uint8)
    # majorities: 0, 1, 0 (the first of equals), 0, 1, 0 -> {0, 2, 3, 5}, {1}, {4}
    assert merged(regions, truth, 2).tolist() == [[0, 0, 1, 1, -1], [0, 0, 0, 0, -1], [2, 2, 0, 0, -1]]


def test_cells_that_do_not_touch_stay_apart():
    regions = np.arange(9, dtype=np.int32).reshape(3, 3)
    truth = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    assert len(np.unique(merged(regions, truth, 2))) == 5
