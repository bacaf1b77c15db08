"""VOC as torchvision's own reader reads it."""

import numpy as np
from torchvision.datasets import VOCSegmentation

from segmend.images.dataset import Sample
from tasks.export.formats._base import Item
from tasks.export.formats.voc import Voc
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_torchvision_reads_it(tmp_path):
    labels = np.array([[0, 1, 254], [255, 0, 1]], np.uint8)
    item = Item(Sample("a", "train", 2, 3, "", ""), np.full((2, 3, 3), 90, np.uint8), labels)
    written(Voc(), Made(LEAF_CARD, [item]), tmp_path / "VOCdevkit" / "VOC2012")
    image, mask = VOCSegmentation(tmp_path, "2012", "train")[0]
    assert image.size == (3, 2) and np.asarray(mask).tolist() == [[0, 1, 255], [255, 0, 1]]
