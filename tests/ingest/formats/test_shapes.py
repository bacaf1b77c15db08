"""Drawing of shapes: outlines and run lengths by pycocotools, overlaps, bitmaps, and what is told of each."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ingest.formats._shapes import (
    Shape,
    cover_polygons,
    cover_run_lengths,
    drawn,
    pasted,
    polygon_shape,
    unpacked,
)
from tasks.ingest.reading.context import DEFAULTS, reading_as
from tests.ingest.examples import SQUARE, runs
from tests.ingest.formats.random_sets import few


@few
@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 28), st.integers(1, 4), st.integers(1, 4), st.integers(1, 2)),
        min_size=1,
        max_size=6,
    )
)
def test_boxes_with_whole_corners_cover_their_pixels(boxes):
    """A rectangle from corner to corner covers exactly the pixels between; later over earlier."""
    labels = np.zeros((24, 32), np.int32)
    shapes = []
    for top, left, height, width, label in boxes:
        labels[top : top + height, left : left + width] = label
        right, bottom = left + width, top + height
        shapes.append(polygon_shape(label, [[left, top, right, top, right, bottom, left, bottom]], "annotation"))
    assert (drawn(shapes, 24, 32, 0, "later_over_earlier") == labels).all()


def test_run_lengths_by_hand_and_compressed():
    """2 x 3 pixels down the columns: out, in, in, out, out, in. Compressed counts are cocoapi's own for these runs."""
    inside = np.array([[False, True, False], [True, False, True]])
    assert runs(inside)["counts"] == [1, 2, 2, 1]
    for counts in ([1, 2, 2, 1], "122O"):
        assert (cover_run_lengths({"size": [2, 3], "counts": counts}, 2, 3) == inside).all()
    assert unpacked("122O") == [1, 2, 2, 1]  # the fourth as 1 - 2 = -1: five bits of ones


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        ({"size": [2, 3], "counts": [5]}, "add up to 5, not to 2 x 3"),
        ({"size": [2, 3], "counts": "1"}, "add up to 1, not to 2 x 3"),
        ({"size": [2, 3], "counts": "o"}, "end in the middle of a number"),
        ({"size": [2, 3], "counts": "ä"}, "not COCO's compressed text"),
        ({"size": [2, 3], "counts": [9, -3]}, "neither a list of whole numbers"),
        ({"size": [2, 3], "counts": {}}, "neither a list of whole numbers"),
        ({"size": [3, 2], "counts": [6]}, r"for the size \[3, 2\], and the image is 2 x 3"),
        ({"counts": [6]}, "for the size None"),
    ],
)
def test_broken_run_lengths(outline, words):
    with pytest.raises(ValueError, match=words):
        cover_run_lengths(outline, 2, 3)


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ([1745227, 10, 10, 40, 10, 40, 30], "has 7 numbers, and pairs of x and y"),
        ([10, 10, 20, 20], "has 2 corners, and a polygon has three or more"),
        ([], "has 0 corners"),
        ([1, 2, float("nan"), 4, 5, 6], "not finite"),
        (["1", 2, 3, 4, 5, 6], "no list of numbers"),
        ([100, 100, 140, 100, 140, 130], "reaches from x, y = 100, 100 to 140, 130, and the image from 0, 0 to 32, 24"),
        ([-9, 2, 12, 2, 12, 10], "reaches from x, y = -9, 2"),
    ],
)
def test_polygons_that_cannot_be_drawn_are_told(polygon, words):
    with reading_as(DEFAULTS) as noticed:
        shapes = [polygon_shape(1, [polygon], "annotation 5"), polygon_shape(2, [SQUARE], "annotation 6")]
        assert (drawn(shapes, 24, 32, 0, "later_over_earlier") == 2).sum() == 64
    assert [(entry.name, entry.covered) for entry in noticed.objects] == [("annotation 5", 0), ("annotation 6", 64)]
    assert words in noticed.objects[0].reason and not noticed.objects[1].reason


def test_what_covers_no_pixel_and_what_is_hidden_is_counted():
    flat, below = [5, 5, 9, 9, 5, 5], [5, 5, 7, 5, 7, 7, 5, 7]
    with reading_as(DEFAULTS) as noticed:
        drawn([polygon_shape(1, [outline], "") for outline in (flat, below, SQUARE)], 24, 32, 0, "later_over_earlier")
    assert [(entry.covered, entry.visible) for entry in noticed.objects] == [(0, 0), (4, 0), (64, 64)]


def test_polygons_are_united():
    both = cover_polygons(([0, 0, 2, 0, 2, 2, 0, 2], [2, 2, 4, 2, 4, 4, 2, 4]), 4, 4)
    assert (both == np.kron(np.eye(2), np.ones((2, 2))).astype(bool)).all()


def test_equal_sizes_keep_the_listing_order_and_layers_come_first():
    square = [[0, 0, 2, 0, 2, 2, 0, 2]]
    shapes = [polygon_shape(1, square, ""), polygon_shape(2, square, "")]
    assert (drawn(shapes, 2, 2, 0, "smaller_over_larger") == 2).all()
    assert (drawn([shapes[0]._replace(layer=1), shapes[1]], 2, 2, 0, "smaller_over_larger") == 1).all()


def test_bitmaps_are_pasted_in_their_place():
    one = np.ones((2, 3), bool)
    assert pasted(one, 1, 1, 4, 5).sum() == 6 and pasted(one, -1, -1, 4, 5).sum() == 2
    assert pasted(one, 3, 4, 4, 5).sum() == 1
    shape = Shape(7, partial(pasted, one, 1, 1), "bitmap 1")
    assert (drawn([shape], 4, 5, 0, "later_over_earlier") == 7).sum() == 6
