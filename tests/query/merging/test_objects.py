"""The labels' own objects as regions, cells elsewhere."""

from dataclasses import replace

import numpy as np

from segmend.images.rasters import NO_REGION, UNLABELLED
from segmend.images.region_table import Scene
from segmend.images.regions import count, in_pieces
from tasks.query.merging.objects import Objects

CELLS = (np.arange(20)[:, None] // 5 * 4 + np.arange(20) // 5).astype(np.int32)  # 16 cells of 25 pixels


def scene(labels) -> Scene:
    return Scene(np.full((3, 20, 20), 1 / 3, np.float32), np.asarray(labels, np.uint8), CELLS)


def labels_with_objects():
    labels = np.zeros((20, 20))
    labels[2:5, 3:9], labels[12:16, 12:16] = 1, 2  # 18 and 16 pixels
    return labels


def test_objects_whole_and_background_in_cells():
    regions = Objects()(scene(labels_with_objects()))
    assert len(np.unique(regions[2:5, 3:9])) == 1 and (regions == regions[2, 3]).sum() == 18
    assert len(np.unique(regions[12:16, 12:16])) == 1 and (regions == regions[12, 12]).sum() == 16
    assert len(np.unique(regions[labels_with_objects() == 0])) >= 16
    assert count(in_pieces(regions, regions >= 0)) == count(regions)


def test_objects_that_a_labeller_drew_come_before_the_label_map():
    """Two touching objects of one class are two regions; what no object covers keeps the cells, whatever its label."""
    drawn = np.full((20, 20), NO_REGION, np.int32)
    drawn[2:5, 3:6], drawn[2:5, 6:9] = 0, 1
    seen = replace(scene(labels_with_objects()), objects=drawn)
    regions = Objects()(seen)
    left, right = regions[2:5, 3:6], regions[2:5, 6:9]
    assert (left == left[0, 0]).all() and (right == right[0, 0]).all() and left[0, 0] != right[0, 0]
    assert (regions == left[0, 0]).sum() == (regions == right[0, 0]).sum() == 9
    assert (regions >= 0).all() and all(len(np.unique(CELLS[regions == k])) == 1 for k in np.unique(regions[drawn < 0]))


def test_limits_of_largest():
    labels = labels_with_objects()
    none = Objects(largest=0, smallest=1)(scene(labels))
    assert all(
        len(np.unique(CELLS[none == k])) == 1 and len(np.unique(labels[none == k])) == 1 for k in range(count(none))
    )
    assert count(Objects(largest=1)(scene(labels))) == 3  # background, object, object


def test_unlabelled_pixels_can_be_asked():
    labels = labels_with_objects()
    labels[10:] = UNLABELLED
    regions = Objects(largest=1)(scene(labels))
    assert (regions >= 0).all() and len(np.unique(regions[10:])) == 8
