"""Every merging: a proper region map, the same for the same scene, the scene unchanged."""

import numpy as np
import pytest
from scipy.ndimage import label as pieces_of_mask

from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.region_table import Scene
from segmend.images.regions import areas, count
from segmend.stage.params import methods_of
from tasks.query.merging import Merging
from tests.query.merging.scenes import grid

METHODS = [method() for method in methods_of(Merging)]


def scene(seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    cells = grid(6, 8, side=4)
    cells[8:12] = -1  # cuts the image in two: no region may reach across
    cells = np.unique(cells, return_inverse=True)[1].reshape(cells.shape).astype(np.int32) - 1
    p = (
        np.kron(rng.dirichlet(np.ones(3) * 0.5, (3, 4)).transpose(2, 0, 1), np.ones((1, 8, 8)))
        + rng.random((3, 24, 32)) / 5
    )
    labels = rng.choice(np.array([0, 1, 2, UNLABELLED, VOID], np.uint8), (24, 32))
    return Scene((p / p.sum(0)).astype(np.float32), labels, cells)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("seed", range(3))
def test_contract(method, seed):
    one = scene(seed)
    before = [array.copy() for array in (one.probabilities, one.labels, one.regions)]
    found = method(one)
    assert found.dtype == np.int32 and found.shape == one.regions.shape and (areas(found) > 0).all()
    assert ((found < 0) == (one.regions < 0)).all()
    assert all(pieces_of_mask(found == k)[1] == 1 for k in range(count(found)))
    assert (method(scene(seed)) == found).all()
    assert all((a == b).all() for a, b in zip(before, (one.probabilities, one.labels, one.regions), strict=True))
