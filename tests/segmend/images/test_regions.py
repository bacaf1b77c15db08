"""Region statistics against plain loops, the finishing step by its properties and by arrays small enough to read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label as pieces_of_mask

from segmend.images import regions as R
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID

MAP = np.array([[0, 0, 1, -1], [2, 0, 1, 1], [2, 2, 1, -1]], np.int32)


def random_map(seed: int, shape=(13, 17), ids: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).integers(-1, ids, shape).astype(np.int32)


def test_numbers_by_hand():
    assert R.count(MAP) == 3
    assert R.areas(MAP).tolist() == [3, 4, 3]
    assert R.sum_by_region(np.arange(12.0).reshape(3, 4), MAP).tolist() == [0 + 1 + 5, 2 + 6 + 7 + 10, 4 + 8 + 9]
    assert R.neighbours(MAP).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert R.borders(MAP)[1].tolist() == [2, 3, 1]  # sides: 0|1 two, 0|2 three, 1|2 one
    assert R.boxes(MAP).tolist() == [[0, 0, 2, 2], [0, 2, 3, 4], [1, 0, 3, 2]]


def test_counts_have_columns_for_unlabelled_and_void():
    labels = np.array([[0, 1, VOID, 0], [1, 1, UNLABELLED, VOID], [1, 0, VOID, 0]], np.uint8)
    counts = R.class_counts(labels, MAP, 2)
    assert counts.tolist() == [[1, 2, 0, 0], [0, 0, 1, 3], [1, 2, 0, 0]]
    names, share = R.majority(counts)
    assert names.tolist() == [1, VOID, 1] and share == pytest.approx([2 / 3, 3 / 4, 2 / 3])


def test_majority_of_nothing_and_of_equals():
    names, share = R.majority(np.array([[0, 0, 0, 0], [2, 2, 0, 0], [1, 0, 1, 0]]))
    assert names.tolist() == [UNLABELLED, 0, 0] and share.tolist() == [0, 0.5, 0.5]


def test_undeclared_id_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"id 7 \(1 pixels\): 0..1, 254 and 255 are allowed"):
        R.class_counts(np.array([[0, 7]], np.uint8), np.zeros((1, 2), np.int32), 2)


def test_sums_by_class_leave_out_what_has_no_class():
    labels = np.array([[0, 1, VOID, 0], [1, 1, UNLABELLED, VOID], [1, 0, VOID, 0]], np.uint8)
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    # region 0: pixel 0 (class 0), 1 and 5 (class 1); region 1: unlabelled and void; region 2: pixels 4, 8 (1) and 9 (0)
    assert R.sum_by_class(values, labels, MAP, 2).tolist() == [[0, 6], [0, 0], [9, 12]]
    with pytest.raises(ValueError, match="id 1 "):
        R.sum_by_class(values, labels, MAP, 1)


def test_no_pixels_have_no_sums():
    nothing = np.zeros((0, 3), np.int32)
    assert R.sum_by_region(np.zeros((0, 3)), nothing).dtype == np.float64
    assert R.sum_by_region(np.zeros((2, 0, 3)), nothing).shape == (0, 2)
    assert R.borders(nothing)[0].shape == (0, 2)


@pytest.mark.parametrize("shape", [(1, 6), (6, 1)])
def test_borders_of_a_single_row_or_column(shape):
    pairs, lengths = R.borders(np.array([0, 0, 2, -1, 1, 2], np.int32).reshape(shape))
    assert pairs.tolist() == [[0, 2], [1, 2]] and lengths.tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_statistics_equal_a_plain_loop(seed):
    regions, rng = random_map(seed), np.random.default_rng(seed + 100)
    values = rng.random((3, *regions.shape)).astype(np.float32)
    labels = rng.choice(np.array([0, 1, 2, UNLABELLED, VOID], np.uint8), regions.shape)
    sums, means = R.sum_by_region(values, regions), R.mean_by_region(values, regions)
    counts, boxes = R.class_counts(labels, regions, 3), R.boxes(regions)
    for k in range(R.count(regions)):
        inside = regions == k
        assert R.areas(regions)[k] == inside.sum()
        assert sums[k] == pytest.approx(values[:, inside].astype(float).sum(1))
        assert means[k] == pytest.approx(values[:, inside].astype(float).mean(1))
        assert counts[k].tolist() == [(labels[inside] == c).sum() for c in (0, 1, 2, UNLABELLED, VOID)]
        rows, columns = np.nonzero(inside)
        assert boxes[k].tolist() == [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
    assert R.mean_by_region(values[0], regions) == pytest.approx(means[:, 0])
    pairs = set()
    for a, b in [(regions[:, :-1], regions[:, 1:]), (regions[:-1], regions[1:])]:
        pairs |= {
            tuple(sorted(p))
            for p in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)
            if p[0] != p[1] and min(p) >= 0
        }
    assert [tuple(pair) for pair in R.neighbours(regions).tolist()] == sorted(pairs)


def test_nothing_valid_gives_no_regions():
    nowhere = np.zeros((3, 4), bool)
    regions = R.relabel_connected(np.zeros((3, 4), np.int64), nowhere, 5)
    assert (regions == NO_REGION).all() and R.count(regions) == 0
    assert R.areas(regions).shape == (0,) and R.boxes(regions).shape == (0, 4)
    assert R.mean_by_region(np.zeros((2, 3, 4)), regions).shape == (0, 2)
    assert R.class_counts(np.zeros((3, 4), np.uint8), regions, 2).shape == (0, 4)
    assert R.neighbours(regions).shape == (0, 2)


def test_pieces_of_one_id_are_told_apart_in_reading_order():
    pieces = np.array([[5, 5, 9, 5], [9, 5, 9, 5], [9, 9, 5, 5]])
    assert R.relabel_connected(pieces, np.ones((3, 4), bool)).tolist() == [[0, 0, 1, 2], [3, 0, 1, 2], [3, 3, 2, 2]]


def test_a_fragment_joins_the_longest_border():
    pieces = np.array([[0, 0, 0, 1, 1], [0, 0, 2, 1, 1], [0, 0, 1, 1, 1]])  # 2 has two sides with 0 and two with 1
    assert R.relabel_connected(pieces, np.ones((3, 5), bool), 2).tolist() == [
        [0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1],
        [0, 0, 1, 1, 1],
    ]
    pieces[0, 2] = 1  # now three with 1
    assert R.relabel_connected(pieces, np.ones((3, 5), bool), 2).tolist() == [
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
    ]


def test_an_island_without_neighbours_stays():
    valid = np.array([[1, 0, 1, 1, 1]], bool)
    assert R.relabel_connected(np.zeros((1, 5), np.int64), valid, 3).tolist() == [[0, -1, 1, 1, 1]]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 5))
def test_finished_maps_are_proper(seed, smallest, ids):
    rng = np.random.default_rng(seed)
    pieces, valid = rng.integers(0, ids, (12, 15)), rng.random((12, 15)) > 0.15
    regions = R.relabel_connected(pieces, valid, smallest)
    assert ((regions == NO_REGION) == ~valid).all()
    first_seen = list(dict.fromkeys(regions[valid].tolist()))
    assert first_seen == list(range(R.count(regions)))  # dense, numbered in reading order
    touching = set(R.neighbours(regions).ravel().tolist())
    for k in range(R.count(regions)):
        assert pieces_of_mask(regions == k)[1] == 1
        assert R.areas(regions)[k] >= smallest or k not in touching
    for k in range(R.count(regions)):  # two pieces that were large enough never join
        inside = regions == k
        before = R.in_pieces(pieces, valid)
        large = [p for p in np.unique(before[inside]) if R.areas(before)[p] >= smallest]
        assert len(large) <= 1


def test_outline_and_edges():
    mask = np.zeros((5, 5), bool)
    mask[1:4, 1:4] = True
    assert R.outline(mask).sum() == 8 and not R.outline(mask)[2, 2]
    assert R.edges(np.array([[0, 0, 1], [0, 2, 1]])).tolist() == [[False, True, False], [True, True, False]]
