"""ALC's look-ahead: by hand, its limits, against a plain loop."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.region_table import Scene
from tasks.query.acquisitions.sim import Sim


def reach(pixels, labels, regions=None, eps=0.0) -> list[float]:
    p = np.array(pixels, np.float32).T[:, None, :]
    ids = np.array([regions or [0] * len(labels)], np.int32)
    return Sim(eps=eps).measure(Scene(p, np.array([labels], np.uint8), ids))["reach"].tolist()


def test_by_hand():
    # Both pixels are class 0; the mean (.75, .25) is nearer to (.7, .3) than to (.8, .2): cosines .9950 and .9949 ... so
    # the representative is the one with the higher cosine to the mean; labels are class 1.
    p = np.array([[0.8, 0.2], [0.7, 0.3]])
    mean = p.mean(0)
    cosines = p @ mean / np.linalg.norm(p, axis=1) / np.linalg.norm(mean)
    r = p[cosines.argmax()]
    between = (p @ r) / np.linalg.norm(p, axis=1) / np.linalg.norm(r)
    assert reach(p, [1, 1]) == pytest.approx([between @ [0.8, 0.7]], rel=1e-6)


def test_equal_probabilities_give_the_sum_of_doubt():
    assert reach([[0.6, 0.3, 0.1]] * 3, [0, 1, 2]) == pytest.approx([0.4 + 0.7 + 0.9], rel=1e-6)


def test_twice_the_pixels_twice_the_utility():
    p, labels = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.25, 0.25]], [1, 0, 2]
    assert reach(p * 2, labels * 2) == pytest.approx([2 * reach(p, labels)[0]], rel=1e-6)


def test_sure_and_agreeing_is_zero():
    assert reach([[1, 0], [0, 1], [1, 0]], [0, 1, 0], [0, 0, 1]) == [0, 0]


def test_unlabelled_takes_the_prediction_and_void_has_no_doubt():
    assert reach([[0.9, 0.1]], [UNLABELLED]) == pytest.approx([0.1], rel=1e-5)
    assert reach([[0.9, 0.1]], [VOID]) == [0]


def test_eps_leaves_out_what_does_not_resemble():
    p, labels = [[1, 0], [1, 0], [0, 1]], [1, 1, 0]
    assert reach(p, labels) == pytest.approx([2]) and reach(p, labels, eps=0.5) == pytest.approx([2])
    p[2] = [0.4, 0.6]  # cosine 0.55 to the representative (1, 0)
    assert reach(p, labels, eps=0.9) == pytest.approx([2]) and reach(p, labels)[0] > 2.3


@pytest.mark.parametrize("seed", range(3))
def test_equals_a_plain_loop_and_is_not_negative(seed):
    rng = np.random.default_rng(seed)
    p = rng.random((4, 15, 17)).astype(np.float32) ** 3
    p /= p.sum(0)
    labels, regions = rng.integers(0, 4, (15, 17)).astype(np.uint8), rng.integers(-1, 8, (15, 17)).astype(np.int32)
    one = Scene(p, labels, regions)
    found = Sim(eps=0.6).measure(one)["reach"]
    flat = p.reshape(4, -1).T.astype(float)
    for k in range(8):
        total, r = 0.0, flat[one.representative[k]]
        for x in np.flatnonzero(regions.ravel() == k):
            cosine = flat[x] @ r / np.linalg.norm(flat[x]) / np.linalg.norm(r)
            total += cosine * (1 - flat[x][labels.ravel()[x]]) if cosine >= 0.6 else 0
        assert found[k] == pytest.approx(total, rel=1e-5) and found[k] >= 0
