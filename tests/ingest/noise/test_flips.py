"""flips: single pixels, evenly to the other classes."""

import numpy as np

from tasks.ingest.noise import Flips


def test_exactly_as_many_as_wanted_and_evenly():
    labels = np.zeros((100, 100), np.uint8)
    new = Flips()(labels, 3000, (0, 1, 2, 5), np.random.default_rng(0))
    counts = np.bincount(new.ravel(), minlength=6)
    assert counts[0] == 7000 and counts[3] == counts[4] == 0
    assert np.abs(counts[[1, 2, 5]] - 1000).max() < 100


def test_all_pixels_at_most():
    labels = np.zeros((5, 5), np.uint8)
    assert (Flips()(labels, 10**6, (0, 1), np.random.default_rng(0)) == 1).all()
