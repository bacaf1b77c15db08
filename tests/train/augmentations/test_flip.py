"""Flips."""

import torch

from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations.flip import Flip

LABELS = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8)


def outcomes(method: Flip) -> set[tuple[int, ...]]:
    found = set()
    for seed in range(40):
        torch.manual_seed(seed)
        image, (labels, *_) = method(LABELS.expand(3, 2, 2).clone(), PixelMaps(LABELS.clone()))
        assert torch.equal(image[0], labels)
        found.add(tuple(labels.ravel().tolist()))
    return found


def test_left_and_right():
    assert outcomes(Flip()) == {(0, 1, 2, 3), (1, 0, 3, 2)}


def test_also_top_and_bottom():
    assert outcomes(Flip(vertical=True)) == {(0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0)}
