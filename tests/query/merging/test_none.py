"""No merging: the base cells, whatever the network says."""

import numpy as np

from tasks.query.merging.none import Nothing
from tests.query.merging.scenes import cells_scene


def test_the_base_cells_come_back():
    scene = cells_scene([[0.5, 0.5]] * 4, [[0, 1], [2, 3]])
    assert (Nothing()(scene) == scene.regions).all() and Nothing()(scene).dtype == np.int32
