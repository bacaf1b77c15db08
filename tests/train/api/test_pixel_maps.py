"""Maps of the same pixels."""

import torch

from segmend.images.rasters import VOID
from tasks.train.api.pixel_maps import PixelMaps


def test_maps_that_are_not_read_stay_away():
    maps = PixelMaps(torch.tensor([[1, 2]], dtype=torch.uint8), trust=torch.tensor([[7, 9]], dtype=torch.uint8))
    turned = maps.apply(lambda values: values.flip(-1))
    assert (turned.labels.tolist(), turned.cells, turned.trust.tolist(), turned.given) == (
        [[2, 1]],
        None,
        [[9, 7]],
        None,
    )
    assert maps.pad((0, 1, 1, 0)).labels.tolist() == [[VOID] * 3, [1, 2, VOID]]
