"""whole_image: mirrored, exchanged or empty, as often as wanted."""

import numpy as np
import pytest

from segmend.images.rasters import VOID
from tasks.ingest.noise import WholeImage


def test_three_ways():
    labels = np.zeros((10, 10), np.uint8)
    labels[:, :3], labels[0] = 1, VOID
    seen = set()
    for seed in range(40):
        new = WholeImage()(labels, 10**6, (0, 1), np.random.default_rng(seed))
        assert (new[0] == VOID).all()
        body = new[1:]
        seen.add("empty" if (body == 0).all() else "mirrored" if (body == labels[1:, ::-1]).all() else "exchanged")
        assert seen <= {"empty", "mirrored", "exchanged"}
    assert seen == {"empty", "mirrored", "exchanged"}


def test_an_image_is_hit_as_often_as_the_number_wanted_says():
    labels = np.zeros((10, 10), np.uint8)
    labels[:, :5] = 1  # mirrored or exchanged: 100 wrong; empty: 50
    hits = [int((WholeImage()(labels, 25, (0, 1), np.random.default_rng(k)) != labels).sum()) for k in range(600)]
    assert np.mean(hits) == pytest.approx(25, rel=0.2)
