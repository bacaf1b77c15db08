"""Equal numbers for every class: by hand, and the card's limits."""

import numpy as np
import pytest

from segmend.images.rasters import NO_REGION, UNLABELLED, VOID
from tasks.correct.expansion._base import ImageContext
from tasks.correct.expansion.quota import Quota
from tests.correct.expansion.scene import image

U = UNLABELLED
# Eight pixels, two classes: class 0 is liked by six of them.
SURE = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.4, 0.2]  # of class 0; the last two are class 1 with .6 and .8


def scene(round=1, labels=(U,) * 8, regions=None) -> ImageContext:
    p = np.array([SURE, 1 - np.array(SURE)], np.float32)[:, None]
    maps = np.array([labels], np.uint8)
    cells = np.array([range(8) if regions is None else regions], np.int32)
    return ImageContext("i", p, None, maps, maps, cells, [], unseen=(1,), round=round)


def made(method, *images) -> list[list[int]]:
    learned = method.learn([method.measure(one) for one in images], [], np.random.default_rng(0))
    return [method.spread(one, learned)[0].tolist() for one in images]


@pytest.mark.parametrize("units", ["regions", "pixels"])
def test_the_surest_of_each_class_and_more_each_round(units):
    """Eight units, two classes, four rounds: k = 1, 2, 3, 4; class 1 has only two."""
    method = Quota(units=units, rounds=4)
    assert made(method, scene(1)) == [[0, U, U, U, U, U, U, 1]]
    assert made(method, scene(2)) == [[0, 0, U, U, U, U, 1, 1]]
    assert made(method, scene(4)) == made(method, scene(9)) == [[0, 0, 0, 0, U, U, 1, 1]]


@pytest.mark.parametrize("units", ["regions", "pixels"])
def test_ranked_over_all_images(units):
    """Sixteen units, k = 2 in the first of four rounds: class 1's surest stand in both images, class 0's first pixel too."""
    other = scene(1)
    found = made(Quota(units=units, rounds=4), scene(1), other._replace(probabilities=other.probabilities[:, :, ::-1]))
    assert found == [[0, U, U, U, U, U, U, 1], [1, U, U, U, U, U, U, 0]]


def test_a_cell_follows_the_mean_over_its_unlabelled_pixels():
    """Cells of two: .925, .825, .725 and .3 of class 0. With the third pixel labelled the second cell is .8 alone."""
    pairs = [0, 0, 1, 1, 2, 2, 3, 3]
    assert made(Quota(rounds=2), scene(1, regions=pairs)) == [[0, 0, U, U, U, U, 1, 1]]
    labels = (U, U, 1, U, U, U, VOID, VOID)
    assert made(Quota(rounds=1), scene(1, labels, pairs)) == [[0, 0, 1, U, U, U, VOID, VOID]]  # three cells, k = 1
    outside = [0, 0, 1, 1, NO_REGION, NO_REGION, 2, 2]
    assert made(Quota(rounds=1), scene(1, regions=outside)) == [[0, 0, U, U, U, U, 1, 1]]


def test_of_pixels_a_bin_that_would_overfill_the_quota_waits():
    """All of class 0 equally sure: more than k = 4 in one bin, so none is taken; regions take all equals."""
    p = np.array([[0.7] * 8, [0.3] * 8], np.float32)[:, None]
    assert made(Quota(units="pixels", rounds=1), scene()._replace(probabilities=p)) == [[U] * 8]
    assert made(Quota(units="regions", rounds=1), scene()._replace(probabilities=p)) == [[0] * 8]


@pytest.mark.parametrize("units", ["regions", "pixels"])
def test_no_class_gets_more_than_its_quota(units):
    images = [image(seed, classes=4, cells=8)._replace(unseen=(2, 3), round=3) for seed in range(3)]
    images = [one._replace(regions=np.arange(1024, dtype=np.int32).reshape(32, 32)) for one in images]
    method = Quota(units=units)
    learned = method.learn([method.measure(one) for one in images], [], np.random.default_rng(0))
    new = [method.spread(one, learned) for one in images]
    counts = sum(np.bincount(a[a != b.labels], minlength=4) for a, b in zip(new, images, strict=True))
    quota = sum(int((one.labels == U).sum()) for one in images) * 3 // 40
    assert (counts <= quota).all() and (counts >= quota - (4 if units == "pixels" else 0)).all()
