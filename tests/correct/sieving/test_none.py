"""No sieve: all pixels keep their answer."""

import numpy as np

from tasks.correct.sieving.none import Nothing


def test_everything_is_kept():
    assert Nothing()(np.array([0, 0.5, 1], np.float32), 100).tolist() == [True] * 3
