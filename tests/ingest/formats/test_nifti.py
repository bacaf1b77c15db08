"""nifti: slices of turned volumes, layouts, channels, splits by volume, places that differ."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.funcs import as_closest_canonical
from nibabel.nifti1 import Nifti1Image

from tests.ingest.examples import as_json, nifti, save_volume
from tests.ingest.formats.random_sets import few, read_back
from tests.ingest.runs import run, settings, source_of

AXES = ("sagittal", "coronal", "axial")


def affine_of(order: list[int], signs: list[int], spacing: list[float]) -> np.ndarray:
    affine = np.zeros((4, 4))
    for column, (row, sign, size) in enumerate(zip(order, signs, spacing, strict=True)):
        affine[row, column] = sign * size
    affine[:, 3] = (3, -7, 11, 1)
    return affine


@few
@given(
    st.tuples(st.integers(2, 7), st.integers(2, 7), st.integers(2, 7)),
    st.permutations([0, 1, 2]),
    st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
    st.sampled_from(AXES),
    st.integers(0, 99),
)
def test_volumes_in_any_order_come_back(shape, order, signs, axis, seed):
    """The slices, stacked as the card says, are the label as nibabel turns it."""
    label = np.random.default_rng(seed).integers(0, 3, shape).astype(np.int16)
    affine = affine_of(order, signs, [1.0, 2.0, 3.0])
    with TemporaryDirectory() as folder:
        raw = Path(folder)
        save_volume(label.astype(np.float32) * 100, raw / "images" / "a.nii.gz", affine)
        save_volume(label, raw / "labels" / "a.nii", affine)
        as_json(raw / "classes.json", {"classes": ["air", "bone", "fat"]})
        source = source_of(settings("nifti", fields={"axis": axis}), raw)
        planes = [labels[::-1].T for _, labels in sorted(read_back(source).items())]
        kept = json.loads(dict(source.kept)["volumes.json"])["a"]
    turned = as_closest_canonical(Nifti1Image(label, affine))
    assert (np.stack(planes, axis=AXES.index(axis)) == np.asarray(turned.dataobj)).all()
    assert np.allclose(kept["affine"], affine) and np.allclose(kept["affine_turned"], turned.affine)
    assert kept["axis"] == axis and kept["slices"] == turned.shape[AXES.index(axis)]


def test_the_axis_is_the_widest_and_volumes_stay_whole(tmp_path):
    source = source_of(settings("nifti"), nifti(tmp_path))
    assert source.classes == ("background", "organ") and len(source.records) == 24
    assert any("axial slices (voxels of 1 x 1 x 5 in case_000" in note for note in source.notes)
    splits = {r.group: {other.split for other in source.records if other.group == r.group} for r in source.records}
    assert all(len(found) == 1 for found in splits.values()) and len(splits) == 6
    assert source.records[0].id == "case_000/axial_0000" and source.records[0].mask().shape == (10, 12)


def test_splits_csv_may_name_volumes(tmp_path):
    raw = nifti(tmp_path)
    rows = [f"case_{k:03d},{split}" for k, split in enumerate(["train"] * 4 + ["val", "test"])]
    (raw / "splits.csv").write_text("\n".join(["id,split", *rows]))
    source = source_of(settings("nifti", splits={"file": "splits.csv"}), raw)
    assert not source.problems and [r.split for r in source.records] == ["train"] * 16 + ["val"] * 4 + ["test"] * 4


def test_a_single_volume_is_dealt_out_in_blocks(tmp_path):
    save_volume(np.random.default_rng(0).normal(size=(5, 6, 40)), tmp_path / "images" / "a.nii.gz")
    save_volume(np.ones((5, 6, 40), np.uint8), tmp_path / "masks" / "a.nii.gz")
    as_json(tmp_path / "classes.json", {"classes": ["air", "bone"]})
    source = source_of(settings("nifti", fields={"axis": "axial"}), tmp_path)
    assert [r.split for r in source.records[:20]] == ["train"] * 10 + ["test"] * 10


def test_a_folder_a_case_with_channels(tmp_path):
    """As BraTS lays them out: case_1 is not case_10."""
    for name in ("case_1", "case_10"):
        for k, channel in enumerate(("flair", "t1")):
            save_volume(np.full((3, 4, 2), 10 * k, np.uint8), tmp_path / name / f"{name}_{channel}.nii.gz")
        save_volume(np.ones((3, 4, 2), np.uint8), tmp_path / name / f"{name}_seg.nii.gz")
    as_json(tmp_path / "classes.json", {"classes": ["air", "tumour"]})
    for channel in (0, 1):
        source = source_of(settings("nifti", fields={"channel": channel}), tmp_path)
        assert {r.group for r in source.records} == {"case_1", "case_10"}
        assert all((r.image() == 10 * channel).all() for r in source.records)
    assert any("of 2 channels, as of case_1, case_1_t1.nii.gz is read" in note for note in source.notes)
    problems = source_of(settings("nifti", fields={"channel": 2}), tmp_path).problems
    assert "has 2 channels, and ingest.format.nifti.channel is 2" in problems[0].reason


def test_a_fourth_axis_and_the_decathlons_names(tmp_path):
    numbers = np.stack([np.full((3, 4, 2), 7, np.uint8), np.full((3, 4, 2), 9, np.uint8)], axis=3)
    for k in range(3):
        save_volume(numbers, tmp_path / "imagesTr" / f"b_{k}.nii.gz")
        save_volume(np.full((3, 4, 2), k, np.uint8), tmp_path / "labelsTr" / f"b_{k}.nii.gz")
    save_volume(numbers, tmp_path / "imagesTs" / "b_9.nii.gz")
    as_json(tmp_path / "dataset.json", {"labels": {"0": "background", "1": "liver", "2": "ignore"}})
    source = source_of(settings("nifti", fields={"channel": 1}), tmp_path)
    assert (source.records[0].image() == 9).all() and source.classes == ("background", "liver") and source.ids[2] == 255
    assert [entry.path for entry in source.unused] == ["imagesTs/"]
    with pytest.raises(ValueError, match="it has 2 channels, and ingest.format.nifti.channel is 2"):
        source_of(settings("nifti", fields={"channel": 2}), tmp_path).records[0].image()


def test_grey_values(tmp_path):
    """Whole-number percentiles of 0 to 1000: black at 5, white at 995."""
    numbers = np.arange(1001, dtype=np.int16).reshape(7, 11, 13)
    save_volume(numbers, tmp_path / "images" / "a.nii.gz")
    save_volume(np.zeros((7, 11, 13), np.uint8), tmp_path / "masks" / "a.nii.gz")
    as_json(tmp_path / "classes.json", {"classes": ["air", "bone"]})

    def whole(**more):
        source = source_of(settings("nifti", fields={"axis": "axial"}, **more), tmp_path)
        return np.stack([r.image()[::-1, :, 0].T for r in source.records], axis=2).ravel()

    grey = whole()
    assert grey[5] == 0 and grey[995] == 255 and grey[500] == 128 and grey[0] == 0 and grey[1000] == 255
    assert whole(image_range=[0, 2000])[1000] == 128


@pytest.mark.parametrize(
    ("label", "affine", "words"),
    [
        (
            np.zeros((12, 10, 5), np.uint8),
            np.diag([1.0, 1, 5, 1]),
            "it and its image have 12 x 10 x 5 and 12 x 10 x 4 voxels",
        ),
        (np.zeros((12, 10, 4), np.uint8), np.diag([1.0, 1, 6, 1]), "it lies up to 4.0 voxels beside its image"),
        (np.full((12, 10, 4), 0.5, np.float32), np.diag([1.0, 1, 5, 1]), "its values are not whole numbers"),
        (np.full((12, 10, 4), 7, np.uint8), np.diag([1.0, 1, 5, 1]), "undeclared id 7"),
    ],
)
def test_labels_that_do_not_fit(tmp_path, label, affine, words):
    raw = nifti(tmp_path / "raw")
    save_volume(label, raw / "labelsTr" / "case_000.nii.gz", affine)
    with pytest.raises(ValueError, match=words):
        run(settings("nifti"), raw, tmp_path)


def test_files_that_are_broken_or_lonely(tmp_path):
    raw = nifti(tmp_path)
    (raw / "imagesTr/case_000_0000.nii.gz").write_bytes(b"no")
    (raw / "imagesTr/case_001_0000.nii.gz").unlink()
    reasons = {problem.file: problem.reason for problem in source_of(settings("nifti"), raw).problems}
    assert "cannot be read as NIfTI" in reasons["imagesTr/case_000_0000.nii.gz"]
    assert "it has no image case_001.nii.gz" in reasons["labelsTr/case_001.nii.gz"]


def test_regions_of_several_ids_are_refused(tmp_path):
    raw = nifti(tmp_path)
    as_json(raw / "dataset.json", {"labels": {"background": 0, "whole": [1, 2]}})
    with pytest.raises(ValueError, match="its labels are regions of several ids"):
        source_of(settings("nifti"), raw)


def test_what_is_kept_is_written(tmp_path):
    raw = nifti(tmp_path / "raw")
    run(settings("nifti"), raw, tmp_path)
    kept = json.loads((tmp_path / "dataset/volumes.json").read_text())
    assert kept["case_005"]["shape"] == [12, 10, 4] and kept["case_005"]["affine"][2][2] == 5
