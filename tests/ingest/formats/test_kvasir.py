"""kvasir: white is the second class, whatever JPEG made of it."""

import numpy as np

from tests.ingest.examples import kvasir
from tests.ingest.runs import settings, source_of
from tests.toys import picture, save, stripes


def test_smeared_jpeg_masks_become_two_classes(tmp_path):
    source = source_of(settings("kvasir"), kvasir(tmp_path))
    assert source.classes == ("background", "foreground")
    assert len(np.unique(np.asarray(picture(0)))) > 2
    for record in source.records:
        assert (record.mask() == stripes(values=(0, 1))).all()


def test_threshold_names_and_suffix(tmp_path):
    save(picture(0), tmp_path / "images/a.png")
    save(stripes(values=(0, 60, 200)), tmp_path / "masks/a_seg.png")
    for threshold, expected in ((0, (0, 1, 1)), (60, (0, 0, 1)), (127, (0, 0, 1))):
        fields = {"threshold": threshold, "mask_suffix": "_seg"}
        source = source_of(settings("kvasir", fields=fields, classes=["skin", "mole"]), tmp_path)
        assert (source.records[0].mask() == stripes(values=expected)).all() and source.classes == ("skin", "mole")


def test_a_mask_without_image_is_a_problem(tmp_path):
    raw = kvasir(tmp_path)
    save(stripes(values=(0, 255)), raw / "masks/alone.png")
    assert [p.file for p in source_of(settings("kvasir"), raw).problems] == ["masks/alone.png"]
