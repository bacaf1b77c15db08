"""blobs: irregular patches of 0.2 to 2 % of the image."""

import numpy as np
from scipy import ndimage

from tasks.ingest.noise import Blobs


def test_sizes_lie_between_least_and_most():
    labels = np.zeros((200, 200), np.uint8)
    sizes = []
    for seed in range(40):
        new = Blobs()(labels, 600, (0, 1, 2), np.random.default_rng(seed))
        pieces, count = ndimage.label(new != labels)
        sizes += np.bincount(pieces.ravel())[1:].tolist() if count == 1 else []
    assert sizes and min(sizes) >= 80 and max(sizes) <= 800


def test_a_patch_is_one_piece_with_an_irregular_outline():
    labels = np.zeros((200, 200), np.uint8)
    new = Blobs(least=0.01, most=0.01)(labels, 400, (0, 1), np.random.default_rng(1))
    wrong = new == 1
    assert wrong.sum() == 400
    pieces, count = ndimage.label(wrong)
    assert np.bincount(pieces.ravel())[1:].max() > 0.95 * 400
    rows, columns = np.nonzero(wrong)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert 0.3 < 400 / box < 0.95  # no box, no thread
