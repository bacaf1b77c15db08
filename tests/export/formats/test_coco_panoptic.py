"""Panoptic: segment ids in the colours, one segment per object and per class of the rest."""

import json

import numpy as np
from PIL import Image

from segmend.images.dataset import Sample
from tasks.export.formats._base import Item
from tasks.export.formats.coco_panoptic import CocoPanoptic
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_segments_by_hand(tmp_path):
    labels = np.array([[0, 0, 1, 1], [0, 255, 1, 254]], np.uint8)
    objects = np.array([[-1, -1, 0, 300], [-1, -1, 0, -1]], np.int32)
    item = Item(Sample("x", "train", 2, 4, "", ""), np.zeros((2, 4, 3), np.uint8), labels, objects)
    out = written(CocoPanoptic(), Made(LEAF_CARD, [item]), tmp_path / "out")
    colours = np.asarray(Image.open(out / "annotations/panoptic_train/x.png")).astype(int)
    ids = colours[..., 0] + 256 * colours[..., 1] + 65536 * colours[..., 2]
    content = json.loads((out / "annotations/panoptic_train.json").read_text())
    segments = {row["id"]: row for row in content["annotations"][0]["segments_info"]}
    assert ids[1, 1] == ids[1, 3] == 0 and set(np.unique(ids)) == {0, *segments}
    assert segments[ids[0, 3]] == {"id": ids[0, 3], "category_id": 2, "area": 1, "bbox": [3, 0, 1, 1], "iscrowd": 0}
    assert segments[ids[0, 0]]["area"] == 3 and segments[ids[1, 2]]["area"] == 2
