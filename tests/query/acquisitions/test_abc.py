"""Class-balanced look-ahead: weights by hand, limits, against a plain loop."""

from math import log

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.query.acquisitions.abc import Abc, weights
from tests.query.scenes import random_scene, row_scene, table_of, utilities


def test_weights_by_hand():
    divergence = 0.9 * log(1.8) + 0.1 * log(0.2)
    assert weights(np.array([90.0, 10.0])) == pytest.approx([(1 / 9) ** divergence**3, 1])
    assert weights(np.array([90.0, 0, 10])) == pytest.approx([(1 / 9) ** divergence**3, 0, 1])


def test_weights_at_their_limits():
    assert weights(np.full(4, 25.0)).tolist() == [1, 1, 1, 1] and weights(np.zeros(3)).tolist() == [0, 0, 0]
    uneven = weights(np.array([1e6, 1e5, 1e3, 10.0]))
    assert uneven[3] == 1 and (np.diff(uneven) > 0).all() and uneven[0] < 1e-3


def test_equal_counts_and_equal_probabilities_give_the_sum_of_doubt():
    assert utilities(Abc(), row_scene([[0.6, 0.3, 0.1]] * 3, [0, 1, 2])) == pytest.approx([0.4 + 0.7 + 0.9], rel=1e-6)


def test_only_regions_not_asked_yet_are_counted():
    pixels = [[0.6, 0.4]] * 12
    labels, regions = (
        [0] * 10 + [1] * 2,
        [0] * 8 + [1] * 2 + [2] * 2,
    )  # pixels of class 0 and 1: 10 and 2; without region 0: 2 and 2
    whole, rest = (utilities(Abc(), row_scene(pixels, labels, regions), asked=asked) for asked in ((), (0,)))
    assert rest == pytest.approx([8 * 0.4, 2 * 0.4, 2 * 0.6], rel=1e-6)
    assert whole[1] < rest[1] - 1e-3 and whole[2] == pytest.approx(rest[2])


def test_void_is_neither_doubted_nor_counted_and_unlabelled_counts_as_predicted():
    one = row_scene([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]], [VOID, 1, UNLABELLED])
    table = table_of(Abc(), one)
    assert table.columns["pixels"].tolist() == [[0, 2]]
    near = one.centrality.ravel()
    assert table.columns["reach"] == pytest.approx(np.array([[0, near[1] * 0.9 + near[2] * 0.2]]), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_equals_a_plain_loop(seed):
    one, eps = random_scene(seed), 0.6
    flat, labels, regions = one.probabilities.reshape(4, -1).T.astype(float), one.labels.ravel(), one.regions.ravel()
    named = np.where(labels < 254, labels, flat.argmax(1))
    live = (regions >= 0) & (labels != VOID)
    weight = weights(np.bincount(named[live & (regions != 0)], minlength=4).astype(float))
    found = utilities(Abc(eps=eps), one, asked=(0,))
    for k in range(8):
        inside = np.flatnonzero(regions == k)
        best = flat[inside].argmax(1)
        mean = flat[inside[best == np.bincount(best).argmax()]].mean(0)
        total = 0.0
        for x in inside[labels[inside] != VOID]:
            cosine = flat[x] @ mean / np.linalg.norm(flat[x]) / np.linalg.norm(mean)
            total += weight[named[x]] * cosine * (1 - flat[x][named[x]]) if cosine >= eps else 0
        assert found[k] == pytest.approx(total, rel=1e-4)
