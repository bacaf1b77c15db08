"""swapped: an object keeps its shape and gets another name."""

import numpy as np
import pytest

from tasks.ingest.noise import Swapped


def boxes() -> np.ndarray:
    labels = np.zeros((40, 40), np.uint8)
    labels[2:6, 2:6], labels[10:16, 10:20], labels[30:35, 5:10] = 1, 2, 3
    return labels


def test_whole_objects_change_their_class_and_nothing_else():
    labels = boxes()
    new = Swapped()(labels, 41, (0, 1, 2, 3), np.random.default_rng(0))  # 16 + 25: the two small boxes fit
    assert (new[labels == 0] == 0).all() and (new[labels == 2] == 2).all()
    for label in (1, 3):
        values = np.unique(new[labels == label]).tolist()
        assert len(values) == 1 and values[0] not in (0, label)


def test_an_object_that_is_too_large_is_taken_as_often_as_it_should():
    labels = np.zeros((40, 40), np.uint8)
    labels[10:16, 10:20] = 2  # 60 pixels; 15 are wanted: one time in four
    hits = sum((Swapped()(labels, 15, (0, 1, 2), np.random.default_rng(k)) != labels).any() for k in range(400))
    assert hits / 400 == pytest.approx(0.25, abs=0.06)


def test_parts_of_pieces_that_cover_half_the_image():
    labels = np.zeros((64, 64), np.uint8)
    labels[:32] = 1
    new = Swapped()(labels, 200, (0, 1, 2), np.random.default_rng(0))
    assert (new != labels).sum() == 200 and (new[32:] == 0).all() and set(np.unique(new[:32])) == {1, 2}


def test_two_classes_leave_only_the_largest_to_swap_to():
    labels = boxes().clip(0, 1)
    assert set(np.unique(Swapped()(labels, 200, (0, 1), np.random.default_rng(0)))) <= {0, 1}
