"""Folders: every id, also what is not labelled yet, and every split."""

import json

import numpy as np

from segmend.images.dataset import Sample
from segmend.images.rasters import read_labels
from tasks.export.formats._base import Item
from tasks.export.formats.folders import Folders
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_ids_keep_their_folders_and_an_image_without_labels_has_no_mask(tmp_path):
    image, labels = np.zeros((2, 3, 3), np.uint8), np.array([[0, 1, 254], [255, 0, 1]], np.uint8)
    first, second = Sample("a/0", "train", 2, 3, "", ""), Sample("b", "test", 2, 3, "", "")
    out = written(Folders(), Made(LEAF_CARD, [Item(first, image, labels), Item(second, image, None)]), tmp_path / "out")
    assert np.array_equal(read_labels(out / "masks/a/0.png"), labels) and not (out / "masks/b.png").exists()
    assert (out / "splits.csv").read_text() == "id,split\na/0,train\nb,test\n"
    assert json.loads((out / "classes.json").read_text())["classes"] == list(LEAF_CARD.classes)
