"""Likelihood: mean log odds over what is disputed."""

import numpy as np

from segmend.judges.likelihood import Likelihood


def test_by_hand():
    """P = .8 on the first's own pixel, .6 on the second's two: log odds 1.386 - 2 * .405 over 3 pixels is .19."""
    p = np.array([[0.8, 0.6, 0.6, 0.1]])[None]
    first, second = np.array([[True, False, False, False]]), np.array([[False, True, True, False]])
    image = np.zeros((1, 4, 3), np.uint8)
    assert Likelihood(margin=0.19).compare(image, first, second, 0, p) == 0
    assert Likelihood(margin=0.20).compare(image, first, second, 0, p) is None
    assert Likelihood().compare(image, second, first, 0, p) == 1
    assert Likelihood().compare(image, first, first, 0, p) is None
    assert Likelihood().compare(image, first, second, 0, np.full_like(p, 0.5)) is None
    assert Likelihood().present(image, first, 0, p) and not Likelihood(seen=0.9).present(image, first, 0, p)
