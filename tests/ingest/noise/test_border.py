"""border: mistakes stay near borders and reach as far as asked."""

import numpy as np
import pytest
from scipy import ndimage

from segmend.images.rasters import VOID
from tasks.ingest.noise import Border
from tasks.ingest.noise.border import borders, dilated, eroded


def disc(size: int = 100) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return ((rows - size / 2) ** 2 + (columns - size / 2) ** 2 < (size / 3) ** 2).astype(np.uint8)


def test_erosion_and_dilation_by_hand():
    labels = np.array([[0, 0, 1, 1, 1, 0, 0]], np.uint8)
    assert eroded(labels, 1, 1.0).tolist() == [[0, 0, 0, 1, 0, 0, 0]]
    assert dilated(labels, 1, 1.0).tolist() == [[0, 1, 1, 1, 1, 1, 0]]
    assert dilated(np.array([[1, VOID, 0]], np.uint8), 1, 1.0).tolist() == [[1, VOID, 0]]


def test_borders_do_not_count_void():
    labels = np.array([[0, 0, 1, VOID, 0]], np.uint8)
    assert borders(labels).tolist() == [[False, True, True, False, False]]


@pytest.mark.parametrize("size", [100, 200])
def test_wrong_pixels_lie_near_the_border_in_proportion_to_the_image(size):
    labels = disc(size)
    away = np.maximum(ndimage.distance_transform_edt(labels), ndimage.distance_transform_edt(1 - labels))
    furthest = 0.0
    for seed in range(10):
        new = Border(nearest=0.03, furthest=0.03)(labels, size, (0, 1), np.random.default_rng(seed))
        furthest = max(furthest, float(away[new != labels].max()))
    assert 0.02 * size < furthest <= 2 * 1.5 * 0.03 * size + 2  # elastic: up to 1.5 times, in both directions


def test_no_border_no_change():
    labels = np.zeros((30, 30), np.uint8)
    assert (Border()(labels, 50, (0, 1), np.random.default_rng(0)) == labels).all()


def test_exactly_as_many_as_wanted_where_there_is_room():
    labels = disc()
    for wanted in (7, 60, 200):
        assert (Border()(labels, wanted, (0, 1), np.random.default_rng(0)) != labels).sum() == wanted
