"""Conflicts as regions: drawn to the pixel, base cells elsewhere."""

import numpy as np

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from segmend.images.region_table import Scene
from segmend.images.regions import areas, count, in_pieces
from tasks.query.merging.conflict import Conflict


def scene(labels, said, base=None) -> Scene:
    said = np.asarray(said)
    probabilities = np.full((3, *said.shape), 0.1, np.float32)
    np.put_along_axis(probabilities, said[None].astype(np.int64), 0.8, axis=0)
    cells = (np.arange(said.shape[0])[:, None] // 4 * 3 + np.arange(said.shape[1]) // 4).astype(np.int32)
    return Scene(probabilities, np.asarray(labels, np.uint8), cells if base is None else base)


def test_a_conflict_is_one_region_across_the_cells_it_covers():
    labels, said = np.zeros((12, 12)), np.zeros((12, 12), int)
    said[2:7, 3:9] = 1  # the network sees an object that the labels lack: it touches six cells
    regions = Conflict(smallest=3)(scene(labels, said))
    inside = np.unique(regions[2:7, 3:9])
    assert len(inside) == 1 and (regions == inside[0]).sum() == 30
    assert len(np.unique(regions[said == 0])) == count(regions) - 1 >= 8


def test_two_pairs_of_classes_are_two_conflicts():
    labels, said = np.zeros((12, 12)), np.zeros((12, 12), int)
    said[2:10, 2:6], said[2:10, 6:10] = 1, 2
    regions = Conflict()(scene(labels, said))
    assert len(np.unique(regions[2:10, 2:10])) == 2


def test_agreement_gives_the_base_cells():
    labels = np.random.default_rng(0).integers(0, 2, (12, 12))
    one = scene(labels, labels)
    assert (Conflict(smallest=1)(one) == one.regions).all()


def test_what_is_left_of_a_cell_joins_cells_only():
    """A conflict covers a cell but for a strip of 2 pixels: they join the cell beside it, and the conflict keeps its outline."""
    labels, said = np.zeros((12, 12)), np.zeros((12, 12), int)
    said[4:8, 4:8] = 1
    said[4, 4:6] = 0
    one = scene(labels, said)
    regions = Conflict(smallest=4)(one)
    conflict = said == 1
    assert len(np.unique(regions[conflict])) == 1 and not (regions[~conflict] == regions[4, 6]).any()
    assert len(np.unique(regions[4, 4:6])) == 1 and regions[4, 4] in (regions[3, 4], regions[4, 3])
    said[4:8, 4:8] = 1
    said[5:7, 5:7] = 0  # with conflicts alone around it, it stays a small region
    alone = Conflict(smallest=5)(scene(labels, said))
    assert areas(alone).min() == 4 and len(np.unique(alone[said == 1])) == 1
    said[:] = 0
    said[5, 5:8] = 1  # too small to be a conflict: it stays in its cell
    assert (Conflict(smallest=4)(scene(labels, said)) == one.regions).all()


def test_every_region_is_connected():
    rng = np.random.default_rng(1)
    labels, said = rng.integers(0, 3, (24, 12)), rng.integers(0, 3, (24, 12))
    regions = Conflict(smallest=6)(scene(labels, said))
    assert count(in_pieces(regions, regions >= 0)) == count(regions)
    fine = Conflict(smallest=1)(scene(labels, said))
    for k in range(count(fine)):
        here = fine == k
        assert (labels[here] != said[here]).all() or (labels[here] == said[here]).all()


def test_unlabelled_void_and_outside_are_no_conflict():
    labels, said = np.zeros((8, 12)), np.ones((8, 12), int)
    labels[:, :4], labels[:, 4:8] = UNLABELLED, VOID
    base = np.where(np.arange(12) < 10, np.arange(12) // 2, NO_REGION)[None].repeat(8, 0).astype(np.int32)
    regions = Conflict()(scene(labels, said, base))
    assert (regions[:, :8] == base[:, :8]).all() and (regions[:, 10:] == NO_REGION).all()
    assert (regions[:, 8:10] == 4).all()
