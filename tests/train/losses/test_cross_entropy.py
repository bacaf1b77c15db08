"""Cross entropy: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy


def values(loss: CrossEntropy, logits: list[list[float]], labels: list[int], frequency: list[float]) -> list[float]:
    """The loss of a row of pixels; logits by pixel, then class."""
    y = torch.tensor(labels).view(1, 1, -1)
    targets = Targets(y, torch.ones_like(y, dtype=torch.bool), torch.tensor(frequency))
    return loss(torch.tensor(logits).T[None, :, None], targets).ravel().tolist()


def test_two_pixels_by_hand():
    # p = (3/4, 1/4): -log(3/4) = 0.28768, -log(1/4) = 1.38629
    logits = [[log(3.0), 0.0]] * 2
    assert values(CrossEntropy(), logits, [0, 1], [0.5, 0.5]) == pytest.approx([0.28768, 1.38629], abs=1e-5)


def test_equal_logits_cost_the_log_of_the_number_of_classes():
    assert values(CrossEntropy(), [[0.0] * 5], [3], [0.2] * 5) == pytest.approx([log(5)])


def test_smoothing_mixes_the_label_with_all_classes():
    # 0.8 * 0.28768 + 0.2 * (0.28768 + 1.38629) / 2 = 0.39754
    assert values(CrossEntropy(smoothing=0.2), [[log(3.0), 0.0]], [0], [0.5, 0.5]) == pytest.approx([0.39754], abs=1e-5)


def test_smoothing_one_no_longer_sees_the_label():
    first, second = values(CrossEntropy(smoothing=1), [[2.0, 0.0, -1.0]] * 2, [0, 2], [0.3, 0.3, 0.4])
    assert first == pytest.approx(second)


@pytest.mark.parametrize(
    ("weights", "expected"),
    # frequency (0.8, 0.2). inverse: 1.25, 5, scaled by 0.8 * 1.25 + 0.2 * 5 = 2: 0.625, 2.5.
    # sqrt_inverse: 1.11803, 2.23607, scaled by 0.89443 + 0.44721 = 1.34164: 0.83333, 1.66667
    [("none", (1.0, 1.0)), ("inverse", (0.625, 2.5)), ("sqrt_inverse", (0.83333, 1.66667))],
)
def test_weights_by_hand(weights, expected):
    found = values(CrossEntropy(weights=weights), [[0.0, 0.0]] * 2, [0, 1], [0.8, 0.2])
    assert found == pytest.approx([w * log(2) for w in expected], abs=1e-4)


def test_weights_of_equally_frequent_classes_are_one():
    plain = values(CrossEntropy(), [[1.0, 0.0, -1.0]], [1], [1 / 3] * 3)
    assert values(CrossEntropy(weights="inverse"), [[1.0, 0.0, -1.0]], [1], [1 / 3] * 3) == pytest.approx(plain)


def test_a_class_without_pixels_has_no_weight():
    assert values(CrossEntropy(weights="inverse"), [[0.0, 0.0, 0.0]], [2], [0.5, 0.5, 0.0]) == [0.0]
