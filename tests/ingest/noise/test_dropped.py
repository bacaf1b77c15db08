"""dropped: an object melts into what surrounds it."""

import numpy as np

from segmend.images.rasters import VOID
from tasks.ingest.noise import Dropped
from tasks.ingest.noise.dropped import melt


def test_an_object_takes_the_class_that_touches_it_most():
    labels = np.zeros((20, 20), np.uint8)
    labels[:, 10:] = 1
    labels[5:9, 9:14] = 2  # touches class 1 along most of its outline
    melt(labels, (slice(5, 9), slice(9, 14)), np.ones((4, 5), bool))
    assert (labels[5:9, 9:14] == 1).all() and (labels[:, :9] == 0).all()


def test_objects_vanish_until_as_many_pixels_are_gone_as_wanted():
    labels = np.zeros((40, 40), np.uint8)
    labels[2:6, 2:6], labels[20:24, 2:6], labels[20:24, 20:24] = 1, 2, 3
    new = Dropped()(labels, 32, (0, 1, 2, 3), np.random.default_rng(0))
    assert (new != labels).sum() == 32 and len(np.unique(new)) == 2


def test_an_object_that_only_touches_void_stays():
    labels = np.full((20, 20), VOID, np.uint8)
    labels[5:9, 5:9] = 1
    labels[15:, :] = 0
    assert (Dropped(largest=0.5)(labels, 16, (0, 1), np.random.default_rng(0)) == labels).all()
