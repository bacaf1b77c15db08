"""No expansion: the labels as they are."""

import numpy as np

from tasks.correct.expansion.none import Nothing
from tests.correct.expansion.scene import image


def test_labels_stay():
    seen = image()
    assert (Nothing().spread(seen, Nothing().learn([], [], np.random.default_rng(0))) == seen.labels).all()
