"""One minus the best probability, by hand."""

import pytest

from tasks.query.acquisitions.least_confidence import LeastConfidence
from tests.query.scenes import row_scene, utilities


def test_limits():
    assert utilities(LeastConfidence(), row_scene([[1, 0, 0], [0, 0, 1]])) == [0]
    assert utilities(LeastConfidence(), row_scene([[0.25] * 4] * 3)) == pytest.approx([0.75])


def test_by_hand_and_size_does_not_matter():
    pixels = [[0.7, 0.2, 0.1], [0.1, 0.4, 0.5]]
    assert utilities(LeastConfidence(), row_scene(pixels)) == pytest.approx([1 - (0.7 + 0.5) / 2])
    assert utilities(LeastConfidence(), row_scene(pixels * 4)) == pytest.approx([1 - (0.7 + 0.5) / 2])
