"""COCO as pycocotools reads it: objects are annotations of their own."""

import numpy as np
from pycocotools.coco import COCO

from segmend.images.dataset import Sample
from tasks.export.formats._base import Item
from tasks.export.formats.coco import Coco
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_pycocotools_reads_objects_and_the_rest_of_each_class(tmp_path):
    labels = np.array([[0, 0, 1, 1], [0, 0, 1, 255]], np.uint8)
    objects = np.array([[-1, -1, 0, 1], [-1, -1, 0, -1]], np.int32)
    item = Item(Sample("a/x", "train", 2, 4, "", ""), np.zeros((2, 4, 3), np.uint8), labels, objects)
    out = written(Coco(), Made(LEAF_CARD, [item]), tmp_path / "out")
    coco = COCO(str(out / "annotations/stuff_train.json"))
    assert coco.loadImgs(1)[0]["file_name"] == "a/x.png"
    found = {
        (one["category_id"], one["area"]): coco.annToMask(one).tolist() for one in coco.loadAnns(coco.getAnnIds(1))
    }
    assert set(found) == {(1, 4), (2, 2), (2, 1)}
    assert found[2, 1] == [[0, 0, 0, 1], [0, 0, 0, 0]]
    assert [row["name"] for row in coco.loadCats(coco.getCatIds())] == list(LEAF_CARD.classes)
