"""ade20k: 0 is void, ids shift by one, once."""

import pytest

from tasks.ingest.checking.image_checks import translate
from tests.ingest.examples import ade20k
from tests.ingest.runs import run, settings, source_of
from tests.toys import save, stripes


def test_other_is_void_and_ids_shift_by_one(tmp_path):
    source = source_of(settings("ade20k"), ade20k(tmp_path))
    assert len(source.classes) == 150 and source.classes[0] == "wall" and source.classes[149] == "flag"
    labels, unknown = translate(source.records[0].mask(), source.ids)
    assert (labels == stripes(values=(255, 0, 149))).all() and not unknown
    assert [r.split for r in source.records] == ["train", "train", "test"]


def test_ids_above_150_are_undeclared_unless_named(tmp_path):
    raw = ade20k(tmp_path / "raw")
    save(stripes(values=(0, 151)), raw / "annotations/training/ADE_train_00000000.png")
    with pytest.raises(ValueError, match=r"undeclared id 151 \(384 pixels\)"):
        run(settings("ade20k"), raw, tmp_path)
    numbers = run(settings("ade20k", classes=[f"c{k}" for k in range(151)]), raw, tmp_path)
    assert numbers["classes"] == 151


def test_a_truth_folder_has_the_layout_of_the_annotations(tmp_path):
    raw = ade20k(tmp_path)
    save(stripes(values=(2, 1, 0)), raw / "truth/training/ADE_train_00000001.png")
    records = {r.id: r for r in source_of(settings("ade20k"), raw).records}
    assert records["training/ADE_train_00000000"].truth is None
    assert (records["training/ADE_train_00000001"].truth() == stripes(values=(2, 1, 0))).all()
