"""Scaling."""

import pytest
import torch
from pydantic import ValidationError

from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations.scale import Scale


def sides(method: Scale) -> list[int]:
    found = []
    for seed in range(60):
        torch.manual_seed(seed)
        _, (labels, *_) = method(torch.zeros(3, 50, 100), PixelMaps(torch.zeros(50, 100, dtype=torch.uint8)))
        assert abs(labels.shape[1] - 2 * labels.shape[0]) <= 1
        found.append(labels.shape[1])
    return found


def test_factors_stay_in_range_and_fill_it():
    found = sides(Scale(low=0.5, high=2))
    assert 50 <= min(found) < 60
    assert 170 < max(found) <= 200
    assert 70 < sorted(found)[30] < 140  # half of the factors are below 1: uniform in the logarithm


def test_factor_one_is_the_identity():
    image, labels = torch.arange(12).view(3, 2, 2), torch.arange(4, dtype=torch.uint8).view(2, 2)
    same = Scale(low=1, high=1)(image, PixelMaps(labels))
    assert torch.equal(same[0], image)
    assert torch.equal(same[1].labels, labels)


def test_labels_are_never_mixed():
    labels = torch.tensor([[0, 9], [9, 0]], dtype=torch.uint8).repeat(8, 8)
    torch.manual_seed(0)
    _, (small, *_) = Scale(low=0.6, high=0.6)(torch.zeros(3, 16, 16), PixelMaps(labels))
    assert set(small.unique().tolist()) <= {0, 9}


def test_low_above_high_is_refused():
    with pytest.raises(ValidationError, match="above"):
        Scale(low=2, high=1)
