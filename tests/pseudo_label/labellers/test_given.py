"""Given masks: themselves, with the share that carries the majority; without a mask, nothing."""

import numpy as np

from segmend.images.rasters import UNLABELLED
from tasks.pseudo_label.labellers.given import Given

IMAGE = np.zeros((2, 4, 3), np.uint8)
REGIONS = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.int32)


def test_by_hand():
    mask = np.array([[0, 0, 1, 1], [0, 1, 1, 1]], np.uint8)
    labels, confidence = Given()(IMAGE, mask, REGIONS, ("a", "b"))
    assert (labels == mask).all() and confidence.tolist() == [0.75, 1.0]


def test_no_mask_is_unlabelled_everywhere():
    labels, confidence = Given()(IMAGE, None, REGIONS, ("a", "b"))
    assert (labels == UNLABELLED).all() and confidence.tolist() == [0, 0]
