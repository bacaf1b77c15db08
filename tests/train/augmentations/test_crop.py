"""Windows."""

import torch

from segmend.images.rasters import VOID
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.augmentations.crop import Crop


def test_every_place_where_the_window_fits_occurs():
    given, found = torch.arange(12, dtype=torch.uint8).view(3, 4), set()
    for seed in range(200):
        torch.manual_seed(seed)
        crop = Crop.model_construct(height=2, width=3)
        image, (labels, *_) = crop(given.expand(3, 3, 4).clone(), PixelMaps(given.clone()))
        assert torch.equal(image[0], labels)
        assert labels.shape == (2, 3)
        found.add(int(labels[0, 0]))
    assert found == {0, 1, 4, 5}


def test_a_window_of_the_images_size_is_the_identity():
    labels = torch.arange(64, dtype=torch.uint8).view(8, 8)
    assert torch.equal(Crop(height=8, width=8)(labels.expand(3, 8, 8), PixelMaps(labels))[1].labels, labels)


def test_what_is_missing_is_void_and_continues_the_image():
    given = torch.ones(5, 6, dtype=torch.uint8)
    image, (labels, *_) = Crop(height=8, width=9)(7 * given.expand(3, 5, 6), PixelMaps(given))
    assert (labels[:5, :6] == 1).all()
    assert (labels[5:] == VOID).all()
    assert (labels[:, 6:] == VOID).all()
    assert (image == 7).all()
