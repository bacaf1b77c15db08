"""cityscapes: label ids become train ids, the rest void."""

import numpy as np
import pytest

from tasks.ingest.checking.image_checks import translate
from tests.ingest.examples import cityscapes
from tests.ingest.runs import run, settings, source_of
from tests.toys import stripes

# From cityscapesscripts/helpers/labels.py: label id -> train id.
TRAIN_IDS = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18}  # fmt: skip


def test_label_ids(tmp_path):
    source = source_of(settings("cityscapes"), cityscapes(tmp_path))
    assert len(source.classes) == 19 and source.classes[0] == "road" and source.classes[18] == "bicycle"
    ids = np.arange(34).reshape(2, 17)
    expected = np.array([TRAIN_IDS.get(k, 255) for k in range(34)]).reshape(2, 17)
    labels, unknown = translate(ids, source.ids)
    assert (labels == expected).all() and not unknown
    assert [(r.id, r.split) for r in source.records] == [
        ("aachen/aachen_000000_000019", "train"), ("ulm/ulm_000001_000019", "train"), ("lindau/lindau_000002_000019", "test"),
    ]  # fmt: skip
    assert any("1 images outside train and val" in note for note in source.notes)


def test_train_ids(tmp_path):
    source = source_of(settings("cityscapes"), cityscapes(tmp_path, "labelTrainIds", (0, 18, 255)))
    labels, unknown = translate(source.records[0].mask(), source.ids)
    assert (labels == stripes(values=(0, 18, 255))).all() and not unknown
    assert translate(np.array([[33]]), source.ids)[1] == {33: 1}  # a label id among train ids is not swallowed


def test_a_missing_mask_is_named(tmp_path):
    raw = cityscapes(tmp_path / "raw")
    next((raw / "gtFine/train/ulm").iterdir()).unlink()
    with pytest.raises(
        ValueError, match=r"gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png: the mask is missing"
    ):
        run(settings("cityscapes"), raw, tmp_path)
