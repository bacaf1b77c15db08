"""Felzenszwalb: its card's limits."""

import numpy as np
import pytest

from segmend.images.regions import areas, count
from tasks.superpixelize.methods.felzenszwalb import Felzenszwalb

EVERYWHERE = np.ones((40, 50), bool)


def test_flat_image_is_one_region():
    assert count(Felzenszwalb()(np.full((40, 50, 3), 7, np.uint8), EVERYWHERE)) == 1


def test_smallest_of_the_image_size_is_one_region():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert count(Felzenszwalb(smallest=2000)(image, EVERYWHERE)) == 1


@pytest.mark.parametrize("smallest", [5, 40])
def test_no_piece_is_smaller(smallest):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert areas(Felzenszwalb(smallest=smallest)(image, EVERYWHERE)).min() >= smallest


def test_it_cannot_be_asked_for_a_number():
    assert Felzenszwalb().asked(EVERYWHERE) is None
