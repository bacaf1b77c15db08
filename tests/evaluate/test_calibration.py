"""The calibration error: by hand, its limits, and in pieces."""

import numpy as np
import pytest

from tasks.evaluate.calibration import Calibration


def counted(confidence, right, bins: int = 15) -> Calibration:
    calibration = Calibration(bins)
    calibration.update(np.array(confidence, np.float32), np.array(right, bool))
    return calibration


def test_by_hand():
    # Two bins of two: (.25, .25) with one right of two; (.75, 1) with one right of two.
    calibration = counted([0.25, 0.25, 0.75, 1.0], [True, False, True, False], bins=2)
    assert calibration.pixels.tolist() == [2, 2]
    assert calibration.accuracy().tolist() == [0.5, 0.5]
    assert calibration.mean_confidence().tolist() == [0.25, 0.875]
    assert calibration.error() == pytest.approx(0.5 * 0.25 + 0.5 * 0.375)


def test_limits():
    assert counted([1, 1, 1], [True] * 3).error() == 0
    assert counted([1, 1, 1], [False] * 3).error() == 1
    assert np.isnan(counted([], []).error())


def test_pieces_add_up():
    random = np.random.default_rng(0)
    confidence, right = random.random(1000, np.float32), random.random(1000) < 0.7
    streamed = Calibration(15)
    for part in range(0, 1000, 100):
        streamed.update(confidence[part : part + 100], right[part : part + 100])
    whole = counted(confidence, right)
    assert (streamed.pixels == whole.pixels).all()
    assert streamed.error() == pytest.approx(whole.error(), abs=1e-12)


def test_a_calibrated_network_has_nearly_no_error():
    random = np.random.default_rng(1)
    confidence = random.random(200_000, np.float32)
    assert counted(confidence, random.random(200_000) < confidence).error() < 0.01
