"""Best against second best, by hand."""

import numpy as np
import pytest

from segmend.images.region_table import Scene, joined, rows_of
from tasks.query.acquisitions.margin import Margin


def utility(pixels: list[list[float]]) -> float:
    p = np.array(pixels, np.float32).T[:, None, :]
    one = Scene(p, np.zeros(p.shape[1:], np.uint8), np.zeros(p.shape[1:], np.int32))
    return float(Margin()(joined(("a",), [rows_of(0, one, np.zeros(1), {})]), np.random.default_rng(0))[0])


def test_limits_and_by_hand():
    assert utility([[1, 0, 0], [0, 1, 0]]) == 0
    assert utility([[0.5, 0.5, 0], [0.4, 0.4, 0.2]]) == pytest.approx(1)
    assert utility([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1]]) == pytest.approx(1 - (0.5 + 0.1) / 2)


def test_size_does_not_matter():
    assert utility([[0.7, 0.2, 0.1]] * 9) == pytest.approx(utility([[0.7, 0.2, 0.1]]))
