"""No labels: void stays, everything else is open, nothing is sure."""

import numpy as np

from segmend.images.rasters import UNLABELLED, VOID
from tasks.pseudo_label.labellers.blank import Blank

IMAGE = np.zeros((2, 4, 3), np.uint8)
REGIONS = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.int32)


def test_by_hand():
    mask = np.array([[0, VOID, 1, UNLABELLED], [0, 1, 1, 1]], np.uint8)
    labels, confidence = Blank()(IMAGE, mask, REGIONS, ("a", "b"))
    assert labels[0].tolist() == [UNLABELLED, VOID, UNLABELLED, UNLABELLED]
    assert (labels[1] == UNLABELLED).all() and confidence.tolist() == [0, 0]


def test_no_mask_is_unlabelled_everywhere():
    assert (Blank()(IMAGE, None, REGIONS, ("a", "b"))[0] == UNLABELLED).all()
