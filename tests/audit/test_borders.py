"""The border band and whole pieces, against slower ways."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from tasks.audit import borders

sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))


@given(sizes, st.integers(0, 4), st.integers(0, 99))
def test_the_band_is_within_a_distance_of_a_border(size, band, seed):
    labels = np.random.default_rng(seed).integers(0, 2, size).astype(np.uint8)
    edge = borders.edges(labels)
    by_hand = np.zeros(size, bool)
    for row, column in np.argwhere(edge):
        reach = max(0, band - 1)
        by_hand[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = band > 0
    assert (borders.border_band(labels, band) == by_hand).all()


@given(sizes, st.integers(1, 3), st.integers(0, 2**16))
def test_whole_pieces_hold_most_of_the_piece_of_their_first_pixel(size, classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, size).astype(np.uint8)
    numbers, count = ndimage.label(rng.random(size) < 0.6, np.ones((3, 3)))
    parts = [np.flatnonzero(numbers.ravel() == k + 1) for k in range(count)]
    areas = np.array([len(part) for part in parts], np.int64)
    places = np.concatenate([*parts, np.zeros(0, np.int64)])
    by_hand = []
    for part in parts:
        pieces, _ = ndimage.label(labels == labels.ravel()[part[0]])
        piece = (pieces == pieces.ravel()[part[0]]).ravel()
        inside = piece[part].sum()
        by_hand.append(2 * inside > piece.sum() and 2 * inside > len(part))
    whole = borders.whole_pieces(labels, places, np.cumsum(areas) - areas, areas)
    assert whole.tolist() == by_hand


def test_run_lengths_by_hand():
    labels = np.array([[0, 0, 1], [0, 1, 1], [0, 2, 1]], np.uint8)
    assert borders.run_lengths(labels, np.arange(9)).tolist() == [4, 2, 3, 3, 2, 4, 3, 1, 3]


def test_runs_are_followed_up_to_a_reach():
    labels = np.zeros((1, 100), np.uint8)
    assert borders.run_lengths(labels, np.array([0, 50])).tolist() == [1 + borders.REACH, 1 + 2 * borders.REACH]
