"""voc: ids, void, lists."""

import numpy as np
import pytest

from segmend.images.rasters import default_colours
from tests.ingest.examples import voc
from tests.ingest.runs import run, settings, source_of
from tests.toys import save, stripes


def test_ids_void_and_splits(tmp_path):
    source = source_of(settings("voc"), voc(tmp_path))
    assert len(source.classes) == 21 and source.classes[15] == "person" and source.palette[15] == [192, 128, 128]
    assert [(r.id, r.split) for r in source.records] == [
        ("2007_000032", "train"), ("2007_000039", "train"), ("2007_000063", "test"),
    ]  # fmt: skip
    assert (source.records[0].mask() == stripes(values=(0, 15, 255))).all() and source.ids[255] == 255
    assert any("used as test" in note for note in source.notes) and any(
        "1 images are in no list" in note for note in source.notes
    )
    kept = source_of(settings("voc", fields={"val_is": "val"}), tmp_path)
    assert kept.records[2].split == "val"


def test_masks_in_voc_colours_without_a_palette(tmp_path):
    root = voc(tmp_path) / "VOCdevkit/VOC2012"
    table = np.array([*default_colours(21), (224, 224, 192)], np.uint8)
    save(table[stripes(values=(0, 15, 21))], root / "SegmentationClass/2007_000032.png")
    mask = source_of(settings("voc"), tmp_path).records[0].mask()
    assert (mask == stripes(values=(0, 15, 255))).all()


def test_an_export_with_labelmap(tmp_path):
    root = voc(tmp_path) / "VOCdevkit/VOC2012"
    (root / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\nleaf:10,200,10::\n")
    table = np.array([(0, 0, 0), (10, 200, 10)], np.uint8)
    for path in (root / "SegmentationClass").iterdir():
        save(table[stripes(values=(0, 1))], path)
    source = source_of(settings("voc"), tmp_path)
    assert source.classes == ("background", "leaf") and (source.records[0].mask() == stripes(values=(0, 1))).all()


def test_missing_images_and_masks_are_named(tmp_path):
    root = voc(tmp_path / "raw") / "VOCdevkit/VOC2012"
    (root / "JPEGImages/2007_000032.jpg").unlink()
    (root / "SegmentationClass/2007_000039.png").unlink()
    with pytest.raises(ValueError) as caught:
        run(settings("voc"), tmp_path / "raw", tmp_path)
    assert "it lists 2007_000032, and JPEGImages/2007_000032.* is missing" in str(caught.value)
    assert "SegmentationClass/2007_000039.png: the mask is missing" in str(caught.value)
