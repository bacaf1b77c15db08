"""A Hugging Face image folder: one line an image, masks beside."""

import json

import numpy as np

from segmend.images.dataset import Sample
from segmend.images.rasters import read_labels
from tasks.export.formats._base import Item
from tasks.export.formats.huggingface import Huggingface
from tests.export.sets import Made, written
from tests.toys import LEAF_CARD


def test_lines_name_image_and_mask(tmp_path):
    labels = np.array([[0, 1, 255, 254]], np.uint8)
    image = np.zeros((1, 4, 3), np.uint8)
    rows = [
        Item(Sample("a/0", "val", 1, 4, "", ""), image, labels),
        Item(Sample("b", "val", 1, 4, "", ""), image, None),
    ]
    out = written(Huggingface(), Made(LEAF_CARD, rows), tmp_path / "out")
    lines = [json.loads(line) for line in (out / "validation/metadata.jsonl").read_text().splitlines()]
    assert lines[0] == {"file_name": "images/a/0.png", "mask_file_name": "masks/a/0.png", "id": "a/0"}
    assert lines[1]["mask_file_name"] is None and (out / "validation/images/b.png").is_file()
    assert np.array_equal(read_labels(out / "validation/masks/a/0.png"), labels)
