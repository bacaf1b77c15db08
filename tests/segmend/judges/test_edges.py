"""Edges: a border on an edge beats one beside it; flat images decide nothing."""

import numpy as np
import pytest

from segmend.judges.edges import Edges, score


def test_by_hand():
    """A step of 8 between two of four columns: Sobel gives 32 on columns 1 and 2, 0 elsewhere, mean 16: the border scores 2."""
    image = np.zeros((5, 4, 3), np.uint8)
    image[:, 2:] = 8
    mask = np.zeros((5, 4), bool)
    mask[:, 2:] = True
    assert score(image, mask) == pytest.approx(2)
    assert score(image, np.zeros((5, 4), bool)) == 1 and score(np.full_like(image, 7), mask) == 1


def test_margin():
    image = np.zeros((9, 9, 3), np.uint8)
    image[:, 4:] = 100
    on, off = (np.broadcast_to(np.arange(9) >= k, (9, 9)) for k in (4, 7))
    assert Edges().compare(image, on, off, 1, None) == 0 and Edges().compare(image, off, on, 1, None) == 1
    assert Edges(margin=100).compare(image, on, off, 1, None) is None
    assert Edges().present(image, on, 1, None) and not Edges().present(image, off, 1, None)
