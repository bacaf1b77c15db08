"""What holds for every augmentation of the table: image and labels are changed alike, and no label is invented."""

import pytest
import torch
from torch import Tensor

from segmend.images.rasters import VOID
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations import AUGMENTATIONS

every = pytest.mark.parametrize("kind", AUGMENTATIONS, ids=lambda kind: kind.__name__)


def pair(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Classes 0, 1, 3 and void in blocks of 8 pixels; the image's brightness is 60 times the class."""
    torch.manual_seed(0)
    names = torch.tensor([0, 1, 3, VOID], dtype=torch.uint8)
    labels = names[torch.randint(4, (height // 8 + 1, width // 8 + 1))]
    labels = labels.repeat_interleave(8, 0).repeat_interleave(8, 1)[:height, :width]
    bright = torch.where(labels == VOID, 240, 60 * labels.clamp_max(3))
    return bright.to(torch.uint8).expand(3, -1, -1).clone(), labels.clone()


@every
def test_same_seed_same_result_and_the_input_stays(kind):
    results = []
    for _ in range(2):
        image, labels = pair(40, 52)
        torch.manual_seed(5)
        changed, maps = kind()(image, PixelMaps(labels))
        results.append((changed, maps.labels))
        assert all(torch.equal(a, b) for a, b in zip((image, labels), pair(40, 52), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@every
@pytest.mark.parametrize("size", [(40, 52), (7, 3), (1, 1)])
def test_shapes_and_types_agree_and_classes_are_the_old_ones(kind, size):
    for seed in range(8):
        image, labels = pair(*size)
        torch.manual_seed(seed)
        changed, (maps, *_) = kind()(image, PixelMaps(labels))
        assert changed.dtype == maps.dtype == torch.uint8
        assert changed.shape == (3, *maps.shape)
        assert set(maps.unique().tolist()) <= {*labels.unique().tolist(), VOID}


@every
def test_image_and_labels_move_together(kind):
    """Away from borders a label's own brightness is found under it (colour changes are switched off)."""
    method = kind(brightness=0, contrast=0, saturation=0) if kind.__name__ == "Colour" else kind()
    for seed in range(8):
        image, labels = pair(64, 80)
        torch.manual_seed(seed)
        changed, (maps, *_) = method(image, PixelMaps(labels))
        seen = maps != VOID
        expected = 60 * maps.clamp_max(3).int()
        near = (changed[0].int() - expected).abs() <= 30
        assert near[seen].float().mean() > 0.8


@every
def test_all_maps_are_moved_as_the_labels_are(kind):
    """Whatever their types: cells of a large training set are counted beyond what a float of 32 bits can tell apart."""
    for seed in range(8):
        image, labels = pair(40, 52)
        cells = torch.where(labels == VOID, VOID, labels.int() + 2**24 + 1)
        torch.manual_seed(seed)
        _, maps = kind()(image, PixelMaps(labels, cells, labels, labels))
        assert maps.cells.dtype == torch.int32
        assert torch.equal(maps.cells, torch.where(maps.labels == VOID, VOID, maps.labels.int() + 2**24 + 1))
        assert torch.equal(maps.trust, maps.labels) and torch.equal(maps.given, maps.labels)
