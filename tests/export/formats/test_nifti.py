"""NIfTI: label volumes leave with the voxels, the affine and the order of axes that they came with."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from segmend.images.dataset import Dataset, Sample
from tasks.export.__main__ import places_in
from tasks.export.formats._base import Item
from tasks.export.formats.nifti import AXES, Nifti
from tests.export.sets import Made, written
from tests.ingest.examples import as_json, save_volume
from tests.ingest.formats.test_nifti import affine_of
from tests.ingest.runs import run, settings
from tests.toys import LEAF_CARD


def items_of(data: Dataset) -> list[Item]:
    places = places_in(data.folder)
    return [Item(s, data.image(s.id), data.mask(s.id), None, places[s.id.rpartition("/")[0]]) for s in data.samples]


@given(
    st.tuples(st.integers(2, 6), st.integers(2, 6), st.integers(2, 6)),
    st.permutations([0, 1, 2]),
    st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3),
    st.sampled_from(AXES),
    st.integers(0, 99),
)
@effort(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_of_axes(shape, order, signs, axis, seed):
    """Through ingest, export and ingest: equal voxels and affine in the file, equal slices after it."""
    rng = np.random.default_rng(seed)
    affine = affine_of(order, signs, [1.0, 2.0, 3.0])
    volumes = rng.choice(np.array([0, 1, 2, 254, 255], np.uint8), (4, *shape))
    volumes.reshape(4, -1)[:, :3] = 0, 1, 2
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        for k, labels in enumerate(volumes):
            save_volume(rng.integers(256, size=shape, dtype=np.uint8), raw / f"images/v{k}.nii.gz", affine)
            save_volume(labels, raw / f"labels/v{k}.nii.gz", affine)
        as_json(raw / "classes.json", {"classes": ["air", "bone", "fat"]})
        run(settings("nifti", fields={"axis": axis}), raw, Path(folder) / "first")
        data = Dataset(Path(folder) / "first/dataset")
        out = written(Nifti(), Made(data.card, items_of(data)), Path(folder) / "out")
        for k, labels in enumerate(volumes):
            back = nibabel.load(out / f"labelsTr/v{k}.nii.gz")
            assert (np.asarray(back.dataobj) == labels).all() and np.allclose(back.affine, affine)
        run(settings("nifti", fields={"axis": axis}), out, Path(folder) / "second")
        again = Dataset(Path(folder) / "second/dataset")
        assert again.classes == data.classes and [s[:4] for s in again.samples] == [s[:4] for s in data.samples]
        assert all((again.mask(s.id) == data.mask(s.id)).all() for s in data.samples)
        assert all((again.image(s.id) == data.image(s.id)).all() for s in data.samples)


def test_equal_volumes_give_equal_bytes_and_slices_without_labels_are_open(tmp_path):
    place = {
        "shape": [2, 3, 2],
        "affine": np.eye(4).tolist(),
        "affine_turned": np.eye(4).tolist(),
        "axis": "axial",
        "slices": 2,
    }
    image = np.zeros((3, 2, 3), np.uint8)
    rows = [
        Item(Sample("v/axial_0000", "train", 3, 2, "", ""), image, np.ones((3, 2), np.uint8), None, place),
        Item(Sample("v/axial_0001", "val", 3, 2, "", ""), image, None, None, place),
    ]
    first, second = (written(Nifti(), Made(LEAF_CARD, rows), tmp_path / name) for name in ("a", "b"))
    assert (first / "labelsTr/v.nii.gz").read_bytes() == (second / "labelsTr/v.nii.gz").read_bytes()
    labels = np.asarray(nibabel.load(first / "labelsTr/v.nii.gz").dataobj)
    assert (labels[..., 0] == 1).all() and (labels[..., 1] == 254).all()
    assert "v/axial_0001,val" in (first / "splits.csv").read_text()
    assert json.loads((first / "dataset.json").read_text())["labels"]["ignore"] == 255


def test_single_images_are_no_volumes(tmp_path):
    item = Item(Sample("a", "train", 1, 1, "", ""), np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8))
    with pytest.raises(ValueError, match="a is no slice of one .*: choose folders"):
        written(Nifti(), Made(LEAF_CARD, [item]), tmp_path / "out")
