"""Quarter turns."""

import torch

from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations.rotate90 import Rotate90


def test_the_four_turns_of_a_small_map():
    given, found = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8), set()
    for seed in range(40):
        torch.manual_seed(seed)
        image, (labels, *_) = Rotate90()(given.expand(3, 2, 2).clone(), PixelMaps(given.clone()))
        assert torch.equal(image[0], labels)
        found.add(tuple(labels.ravel().tolist()))
    assert found == {(0, 1, 2, 3), (1, 3, 0, 2), (3, 2, 1, 0), (2, 0, 3, 1)}


def test_sides_change_places():
    shapes = set()
    for seed in range(20):
        torch.manual_seed(seed)
        shapes.add(Rotate90()(torch.zeros(3, 2, 5), PixelMaps(torch.zeros(2, 5, dtype=torch.uint8)))[1].labels.shape)
    assert shapes == {(2, 5), (5, 2)}
