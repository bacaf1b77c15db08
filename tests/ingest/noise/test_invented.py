"""invented: shapes of real objects where there are none."""

import numpy as np
from scipy import ndimage

from tasks.ingest.noise import Invented
from tasks.ingest.noise.invented import placed, turned


def test_the_shape_is_that_of_an_object_of_the_image():
    labels = np.zeros((60, 60), np.uint8)
    labels[5:8, 5:15] = 2  # a bar of 3 x 10
    found = []
    for seed in range(30):
        new = Invented()(labels, 30, (0, 1, 2), np.random.default_rng(seed))
        wrong = new != labels
        if wrong.sum() == 30 and ndimage.label(wrong)[1] == 1:  # neither cut by the edge nor two in one
            assert (new[wrong] == 2).all()
            rows, columns = np.nonzero(wrong)
            found.append((int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1))
    assert found and set(found) <= {(3, 10), (10, 3)} and len(set(found)) == 2


def test_images_without_objects_get_patches():
    labels = np.zeros((60, 60), np.uint8)
    new = Invented()(labels, 40, (0, 1, 2), np.random.default_rng(0))
    assert 30 <= (new != 0).sum() <= 40 and set(np.unique(new)) <= {0, 1, 2}


def test_eight_orientations_and_the_edge():
    shape = np.array([[True, True, False], [True, False, False]])
    assert len({(turned(shape, way).shape, turned(shape, way).tobytes()) for way in range(8)}) == 8
    (rows, columns), inside = placed((10, 10), shape, 0, 0)
    assert (rows, columns) == (slice(0, 1), slice(0, 2)) and inside.tolist() == [[False, False]]
