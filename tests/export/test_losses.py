"""Losses: what each id becomes, and an image that nobody labelled."""

import tempfile
from pathlib import Path

import numpy as np

from segmend.images.dataset import Dataset, Sample
from tasks.export.formats._base import Item
from tasks.export.formats.coco import Coco
from tasks.export.formats.cvat import Cvat
from tasks.export.formats.folders import Folders
from tasks.export.formats.voc import Voc
from tasks.export.losses import Losses, read_back
from tests.export.sets import Made, written
from tests.ingest.runs import run, settings
from tests.toys import LEAF_CARD

LABELS = np.array([[0, 254, 255], [1, 254, 1]], np.uint8)


def test_ids_by_hand():
    assert read_back(LABELS, Voc(), ("a", "b")).tolist() == [[0, 255, 255], [1, 255, 1]]
    assert read_back(LABELS, Cvat(), ("a", "background")).tolist() == [[0, 1, 1], [1, 1, 1]]
    assert read_back(LABELS, Cvat(), ("a", "b")).tolist() == [[0, 2, 2], [1, 2, 1]]
    assert (
        read_back(LABELS, Folders(), ("a", "b")) is not LABELS
        and (read_back(LABELS, Folders(), ("a",)) == LABELS).all()
    )


def test_the_sentence():
    losses, sample = Losses(Voc()), Sample("a", "train", 2, 3, "", "")
    assert losses.sentence == Voc.image_loss and Losses(Folders()).sentence == "nothing"
    for labels in (LABELS, LABELS * 0, None):
        losses.add(sample, labels)
    assert losses.sentence == f"2 pixels not labelled yet (in 1 image) become void; {Voc.image_loss}"


def test_an_image_without_labels_comes_back_all_void_from_coco():
    sizes = {"height": 2, "width": 3}
    items = [
        Item(Sample(name, "train", **sizes, image_sha256="", source=""), np.full((2, 3, 3), k, np.uint8), labels)
        for k, (name, labels) in enumerate((("a", LABELS), ("b", None)))
    ]
    losses = Losses(Coco())
    for item in items:
        losses.add(item.sample, item.labels)
    assert [row.pixels for row in losses.counted()] == [2 + 6]
    with tempfile.TemporaryDirectory() as folder:
        raw = written(Coco(), Made(LEAF_CARD, items), Path(folder) / "raw")
        run(settings("coco", keep_going=True, fields={"val_is": "val"}), raw, Path(folder))
        data = Dataset(Path(folder) / "dataset")
        assert [(data.mask(s.id) == 255).sum() for s in data.samples if s.id.endswith("b")] == [6]
