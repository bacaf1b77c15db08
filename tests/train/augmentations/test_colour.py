"""Colour changes."""

import torch

from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations.colour import Colour

IMAGE = torch.randint(256, (3, 9, 9), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = PixelMaps(torch.zeros(9, 9, dtype=torch.uint8))


def test_all_zero_is_the_identity():
    image, labels = Colour(brightness=0, contrast=0, saturation=0, hue=0)(IMAGE, LABELS)
    assert torch.equal(image, IMAGE)
    assert labels is LABELS


def test_brightness_multiplies_by_a_factor_in_range():
    factors = []
    for seed in range(50):
        torch.manual_seed(seed)
        image, _ = Colour(brightness=0.5, contrast=0, saturation=0)(torch.full((3, 2, 2), 100).byte(), LABELS)
        factors.append(image.float().mean().item() / 100)
    assert 0.49 <= min(factors) < 0.65
    assert 1.35 < max(factors) <= 1.5
