"""Nothing under the folder is left out without a sentence."""

import os
import sys

import pytest

from tasks.ingest.checking.dataset_checks import judge
from tasks.ingest.checking.image_checks import check_all
from tasks.ingest.recognition import read
from tests.ingest.runs import settings
from tests.toys import picture, raw_folders, save, stripes


def said(raw, format="folders"):
    source = read(settings(format), raw, 0)
    problems, notes = judge(raw, source, list(check_all(source)))
    return [f"{p.file}: {p.reason}" for p in problems], [*source.notes, *notes]


def test_files_by_folder_and_suffix_with_the_reason(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for k in range(3):
        (raw / "masks" / f"train_{k}.xcf").write_text("layers")
    save(stripes(), raw / "masks_old/train_0.png")
    (raw / "README.md").write_text("about")
    (raw / ".DS_Store").write_text("system")
    problems, notes = said(raw)
    assert problems == []
    assert "not used: 3 files masks/*.xcf: files of this kind are not read" in notes
    assert any(note.startswith("not used: masks_old/train_0.png: ingest.format.folders.masks") for note in notes)
    assert not any("README" in note or "DS_Store" in note for note in notes)


def test_more_pictures_unused_than_used_is_a_problem(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for k in range(6):
        save(picture(60 + k), raw / "more" / f"{k}.png")
    problems, _ = said(raw)
    assert len(problems) == 1 and "6 pictures would stay unused, more than the 5 images that are read" in problems[0]


def test_mask_files_that_cannot_be_read_are_no_reason_to_go_on_without(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    for path in (raw / "masks").iterdir():
        path.rename(path.with_suffix(".mat"))
    problems, _ = said(raw)
    assert problems == [
        ": masks/ holds 5 .mat, and none of them is read as a mask: save masks as PNG whose values are class ids (NumPy arrays "
        "are read as .npy, one array a file)"
    ]


def test_links(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    (raw / "images/gone.png").symlink_to(tmp_path / "nowhere.png")
    (raw / "images/self.png").symlink_to(raw / "images/self.png")
    (raw / "images/loop").symlink_to(raw, target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    (raw / "images/linked.png").symlink_to(save(picture(77), tmp_path / "elsewhere/x.png"))
    with (raw / "splits.csv").open("a") as file:
        file.write("linked,train\n")
    problems, _ = said(raw)
    assert sorted(problems) == [
        "images/gone.png: it is a link that leads nowhere: remove it, or put the file in place",
        "images/loop: it is a link to a folder that it lies in: remove it",
        "images/self.png: it is a link that leads nowhere: remove it, or put the file in place",
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system allows UTF-8 only")
def test_names_that_are_not_utf8(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    with open(os.fsencode(raw / "images") + b"/stra\xdfe.png", "wb") as file:
        file.write((raw / "images/train_0.png").read_bytes())
    problems, _ = said(raw)
    assert problems == ["images/stra\\udcdfe.png: its name is not UTF-8: rename it"]
