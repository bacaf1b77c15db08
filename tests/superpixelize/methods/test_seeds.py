"""SEEDS: the count comes in steps, and levels give way to it."""

import numpy as np
import pytest

from segmend.images.regions import count
from tasks.superpixelize.methods.seeds import Seeds


@pytest.mark.parametrize(("asked", "made"), [(60, 36), (200, 144), (400, 256)])
def test_the_grid_decides_the_count(asked, made):
    assert Seeds(regions=asked).grid(96, 96).getNumberOfSuperpixels() == made


def test_edges_are_followed():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 29:] = 200
    regions = Seeds(regions=16)(image, np.ones((64, 64), bool))
    assert count(regions) == 16
    mixed = set(regions[:, :29].ravel()) & set(regions[:, 29:].ravel())
    assert not mixed


def test_what_the_library_cannot_grid_is_refused():
    for shape, asked in [((7, 100), 10), ((20, 20), 101)]:
        with pytest.raises(ValueError, match=f"{shape[0]} x {shape[1]} pixels into {asked} regions"):
            Seeds(regions=asked)(np.zeros((*shape, 3), np.uint8), np.ones(shape, bool))


def test_narrow_images_get_a_grid():
    # Seven regions of 17 x 101 pixels would be squares of 16: one row, which the library cannot grid.
    assert Seeds(regions=7).grid(17, 101).getNumberOfSuperpixels() == 32
