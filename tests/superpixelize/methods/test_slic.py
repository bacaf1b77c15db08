"""SLIC: its card's limits, and the noise that breaks the library's own clean-up."""

import numpy as np

from segmend.images.regions import areas, count
from tasks.superpixelize.methods.slic import Slic

EVERYWHERE = np.ones((96, 96), bool)


def test_one_region():
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    assert count(Slic(regions=1)(image, EVERYWHERE)) == 1


def test_infinite_compactness_is_the_grid():
    image = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    regions = Slic(regions=16, compactness=1e6, sigma=0)(image, EVERYWHERE)
    straight = Slic(regions=16, compactness=1e6, sigma=0)(np.zeros_like(image), EVERYWHERE)
    assert (regions == straight).all() and count(regions) == 16  # the colours do not matter
    assert abs(areas(regions) - 24 * 24).max() <= 2 * 24 + 1  # cells of 24 x 24; a tie moves a side by one pixel


def test_noise_without_smoothing_still_gives_regions():
    for seed in range(3):
        image = np.random.default_rng(seed).integers(0, 256, (96, 96, 3), dtype=np.uint8)
        assert count(Slic(regions=300, compactness=8, sigma=0)(image, EVERYWHERE)) >= 150


def test_edges_are_followed():
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 17:] = 200
    regions = Slic(regions=16)(image, np.ones((40, 40), bool))
    assert not set(regions[:, :17].ravel()) & set(regions[:, 17:].ravel())


def test_fewer_are_asked_of_a_part():
    half = EVERYWHERE.copy()
    half[:48] = False
    assert Slic(regions=300).asked(half) == 150
