"""An unchanged image is neither read nor encoded again; a changed one always is; the bytes are those of a first run."""

import os

import numpy as np
import pytest

from tests.ingest.runs import run, settings
from tests.ingest.test_ingest import digest
from tests.toys import picture, raw_folders, save, stripes


@pytest.fixture
def read(monkeypatch):
    """The names of the image files that were read."""
    from tasks.ingest.reading import image_files

    names: list[str] = []
    opened = image_files.opened
    monkeypatch.setattr(image_files, "opened", lambda path: names.append(path.name) or opened(path))
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    return names


def test_a_second_run_reads_only_what_is_new(tmp_path, read):
    raw = raw_folders(tmp_path / "raw", {"train": 12, "val": 2, "test": 2})
    first = run(settings("folders"), raw, tmp_path / "a")
    read.clear()
    assert run(settings("folders"), raw, tmp_path / "b") == first
    assert read == [] and digest(tmp_path / "b") == digest(tmp_path / "a")
    save(picture(99), raw / "images/new.png")
    save(stripes(), raw / "masks/new.png")
    with (raw / "splits.csv").open("a") as file:
        file.write("new,train\n")
    numbers = run(settings("folders"), raw, tmp_path / "c")
    assert set(read) == {"new.png"} and numbers["images"] == first["images"] + 1
    fresh = raw_folders(tmp_path / "other", {"train": 12, "val": 2, "test": 2})
    save(picture(99), fresh / "images/new.png")
    save(stripes(), fresh / "masks/new.png")
    (fresh / "splits.csv").write_text((raw / "splits.csv").read_text())
    assert run(settings("folders"), fresh, tmp_path / "d") == numbers
    assert digest(tmp_path / "d") == digest(tmp_path / "c")


@pytest.mark.parametrize("which", ["images", "masks"])
def test_a_changed_file_of_equal_size_is_read_again(tmp_path, which):
    raw = raw_folders(tmp_path / "raw")
    run(settings("folders"), raw, tmp_path / "a")
    path = raw / which / "train_0.png"
    size, before = path.stat().st_size, path.stat().st_mtime_ns
    save(picture(70) if which == "images" else stripes(values=(2, 1, 0)), path)
    os.truncate(path, max(size, path.stat().st_size))
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))
    run(settings("folders"), raw, tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


@pytest.mark.parametrize("change", [{"void": [9]}, {"classes": ["a", "b", "c"]}, {"noise": {"level": "medium"}}])
def test_other_settings_give_what_a_first_run_gives(tmp_path, change, monkeypatch):
    raw = raw_folders(tmp_path / "raw")
    run(settings("folders"), raw, tmp_path / "a")
    second = run(settings("folders", **change), raw, tmp_path / "b")
    monkeypatch.setattr("segmend.stage.cache.WORK", tmp_path / ".empty")
    assert run(settings("folders", **change), raw, tmp_path / "c") == second
    assert digest(tmp_path / "b") == digest(tmp_path / "c")


def test_problems_are_told_again(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    save(np.full((24, 32), 77, np.uint8), raw / "masks/train_0.png")
    for _ in range(2):
        with pytest.raises(ValueError, match="undeclared id 77"):
            run(settings("folders"), raw, tmp_path / "a")


def test_what_is_not_used_any_more_is_removed(tmp_path):
    raw = raw_folders(tmp_path / "raw")
    run(settings("folders"), raw, tmp_path / "a")
    kept = len(list((tmp_path / ".work").rglob("*.png")))
    for path in (raw / "images/train_0.png", raw / "masks/train_0.png"):
        path.unlink()
    (raw / "splits.csv").write_text((raw / "splits.csv").read_text().replace("train_0,train\n", ""))
    run(settings("folders"), raw, tmp_path / "b")
    assert kept == 10 and len(list((tmp_path / ".work").rglob("*.png"))) == 8
