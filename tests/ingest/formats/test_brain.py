"""brain: the numbers of the default data."""

import json
from pathlib import Path

import numpy as np
import pytest

from tasks.ingest.formats.brain import FILES, package_folder, tissue, volume
from tests.ingest.runs import settings, source_of

RAW = Path("data/raw/brain")


@pytest.fixture(scope="module")
def source():
    return source_of(settings("brain"), RAW)


def test_123_slices_in_blocks_of_neighbours(source):
    splits = [record.split for record in source.records]
    assert len(splits) == 123 and {s: splits.count(s) for s in set(splits)} == {"train": 70, "test": 30, "val": 23}
    changes = [k for k in range(1, 123) if splits[k] != splits[k - 1]]
    assert all(k % 10 == 0 for k in changes)
    assert source.records[0].id == "axial_021" and source.records[-1].id == "axial_143"


def test_shares_of_the_volume_and_of_the_slices(source):
    """The whole volume has the shares 78.3, 1.8, 12.6, 7.3 %; the slices with more than 10 % brain hold more of it."""
    labels = tissue(*(volume(package_folder() / FILES[part]) for part in ("t1", "gm", "wm")))
    shares = np.bincount(labels.ravel(), minlength=4) / labels.size
    assert shares == pytest.approx([0.783, 0.018, 0.126, 0.073], abs=0.0005)
    masks = np.stack([record.mask() for record in source.records])
    assert np.bincount(masks.ravel()) / masks.size == pytest.approx([0.677, 0.026, 0.185, 0.112], abs=0.0005)
    assert ((masks > 0).mean((1, 2)) > 0.1).all() and masks.shape[1:] == (233, 197)


def test_a_voxel_by_hand():
    """T1 255 is the maximum: brain begins above 51. Probabilities times 255; at a tie the first of other, grey, white wins."""
    t1 = np.array([255, 51, 52, 200, 200], np.uint8)
    grey = np.array([200, 255, 100, 0, 128], np.uint8)
    white = np.array([55, 0, 100, 0, 127], np.uint8)
    assert tissue(t1, grey, white).tolist() == [2, 0, 2, 1, 2]


def test_the_front_of_the_head_is_up_and_the_sides_fit(source):
    image, mask = source.records[60].image(), source.records[60].mask()
    assert (image[..., 0] == image[..., 2]).all()
    assert image[mask == 3].mean() > image[mask == 2].mean() > image[mask == 0].mean()  # white matter is bright in T1


def test_other_files_of_nilearn_are_a_warning(tmp_path, source):
    assert not any("warning" in note for note in source.notes)
    told = json.loads((RAW / "source.json").read_text())
    told["sha256"][FILES["t1"]] = "0" * 64
    (tmp_path / "source.json").write_text(json.dumps(told))
    notes = source_of(settings("brain"), tmp_path).notes
    assert any(note.startswith("warning: mni_icbm152_t1") for note in notes)


def test_the_notice_is_carried(source):
    assert (
        "not for medical use" in source.notice
        and "not for medical use" in json.loads((RAW / "source.json").read_text())["notice"]
    )


def test_without_nilearn_one_sentence_names_the_extra(monkeypatch):
    monkeypatch.setattr("tasks.ingest.formats.brain.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the package nilearn.*pip install 'segmend\[brain\]'"):
        package_folder()
