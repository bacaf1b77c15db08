"""Compact watershed: its card's limits and the grid of markers."""

import numpy as np
import pytest

from segmend.images.regions import areas
from tasks.superpixelize.methods.watershed import Watershed


def test_infinite_compactness_is_the_voronoi_cells_of_the_grid():
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    regions = Watershed(regions=9, compactness=1e6)(image, np.ones((60, 60), bool))
    assert len(areas(regions)) == 9
    assert abs(areas(regions) - 400).max() <= 60  # cells of 20 x 20; ties lie on their borders


@pytest.mark.parametrize(("asked", "shape"), [(1, (30, 40)), (12, (30, 40)), (200, (97, 233)), (5000, (40, 60))])
def test_markers_are_about_as_many_as_asked_for(asked, shape):
    made = Watershed(regions=asked).markers(*shape)
    assert sorted(made[made > 0]) == list(range(1, made.max() + 1))
    assert 0.75 * min(asked, made.size) <= made.max() <= 1.25 * asked
