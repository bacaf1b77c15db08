"""CVAT: colours of the label map, black for what has no label."""

import numpy as np
from PIL import Image

from segmend.images.dataset import Card, Sample
from tasks.export.formats._base import Item
from tasks.export.formats.cvat import Cvat, distinct
from tests.export.sets import Made, written


def card(classes, colours):
    return Card(name="set", classes=classes, colours=colours, mean=(0.5,) * 3, deviation=(0.25,) * 3)


def test_masks_are_in_the_colours_of_the_label_map(tmp_path):
    made = card(("cat", "dog"), ((10, 20, 30), (0, 0, 0)))
    item = Item(
        Sample("a", "train", 1, 4, "", ""), np.zeros((1, 4, 3), np.uint8), np.array([[0, 1, 255, 254]], np.uint8)
    )
    out = written(Cvat(), Made(made, [item]), tmp_path / "out")
    pixels = np.asarray(Image.open(out / "SegmentationClass/a.png"))[0].tolist()
    assert pixels == [[10, 20, 30], [128, 0, 0], [0, 0, 0], [0, 0, 0]]  # dog was black, which means nothing in CVAT
    lines = (out / "labelmap.txt").read_text().splitlines()
    assert lines[1:] == ["background:0,0,0::", "cat:10,20,30::", "dog:128,0,0::"]


def test_no_two_classes_share_a_colour():
    same = distinct(card(("background", "a", "b", "c"), ((9, 9, 9), (5, 5, 5), (5, 5, 5), (128, 0, 0))))
    assert same[0].tolist() == [0, 0, 0] and len(np.unique(same, axis=0)) == 4
