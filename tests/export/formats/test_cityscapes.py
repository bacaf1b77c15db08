"""Cityscapes: train ids always, label ids where the classes are its own."""

import numpy as np
from PIL import Image

from segmend.images.dataset import Card, Sample
from tasks.export.formats._base import Item
from tasks.export.formats.cityscapes import LABEL_IDS, Cityscapes
from tests.export.sets import Made, written


def test_label_ids_of_its_own_classes_by_hand(tmp_path):
    names = tuple(LABEL_IDS)
    card = Card(name="c", classes=names, colours=((0, 0, 0),) * 19, mean=(0.5,) * 3, deviation=(0.25,) * 3)
    labels = np.array([[0, 18, 255]], np.uint8)
    item = Item(Sample("ulm/x", "val", 1, 3, "", ""), np.zeros((1, 3, 3), np.uint8), labels)
    out = written(Cityscapes(), Made(card, [item]), tmp_path / "out")
    folder = out / "gtFine/val/ulm"
    assert np.asarray(Image.open(folder / "x_gtFine_labelIds.png")).tolist() == [[7, 33, 0]]
    assert np.asarray(Image.open(folder / "x_gtFine_labelTrainIds.png")).tolist() == [[0, 18, 255]]
    assert (out / "leftImg8bit/val/ulm/x_leftImg8bit.png").is_file() and not (out / "classes.json").exists()
