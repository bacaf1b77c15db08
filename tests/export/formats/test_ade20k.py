"""ADE20K: ids shifted by one, 0 for what has no class."""

import numpy as np
from PIL import Image

from segmend.images.dataset import Sample
from tasks.export.formats._base import Item
from tasks.export.formats.ade20k import Ade20k
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_ids_are_shifted_by_one(tmp_path):
    item = Item(Sample("a", "val", 1, 4, "", ""), np.zeros((1, 4, 3), np.uint8), np.array([[0, 1, 254, 255]], np.uint8))
    out = written(Ade20k(), Made(LEAF_CARD, [item]), tmp_path / "out")
    assert np.asarray(Image.open(out / "annotations/validation/a.png")).tolist() == [[1, 2, 0, 0]]
