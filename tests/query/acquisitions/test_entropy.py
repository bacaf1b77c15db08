"""Mean entropy, by hand."""

from math import log

import pytest

from tasks.query.acquisitions.entropy import Entropy
from tests.query.scenes import row_scene, utilities


def test_limits():
    assert utilities(Entropy(), row_scene([[1, 0, 0], [0, 1, 0]])) == [0]
    assert utilities(Entropy(), row_scene([[1 / 3] * 3] * 4)) == pytest.approx([log(3)])


def test_by_hand_and_size_does_not_matter():
    half = log(2) / 2  # one pixel undecided between two classes, one sure
    assert utilities(Entropy(), row_scene([[0.5, 0.5, 0], [1, 0, 0]])) == pytest.approx([half])
    assert utilities(Entropy(), row_scene([[0.5, 0.5, 0], [1, 0, 0]] * 5)) == pytest.approx([half])
