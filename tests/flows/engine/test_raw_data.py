"""Raw data that is still being copied, and raw data that `dvc import` brings from another repository."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.engine import raw_data
from flows.environment import UserError
from tests.flows.toys import git


@pytest.fixture
def raw(toy: Path) -> Path:
    (toy / "params.yaml").write_text("ingest: {data: leaves}\n")
    return toy / "data/raw/leaves"


def test_a_folder_that_changes_is_left_for_the_next_run(toy: Path, raw: Path, tmp_path: Path):
    assert raw_data.unsettled(toy, 60) == ""  # there is no such folder
    source = tmp_path / "elsewhere"
    (source / "images").mkdir(parents=True)
    raw.parent.mkdir(parents=True)
    raw.symlink_to(source)
    for path in (source / "images" / "a.png", source / "images", source):
        path.touch()
        os.utime(path, (1000, 1000))
    assert raw_data.unsettled(toy, 60, now=1061) == "" and raw_data.unsettled(toy, 0, now=1001) == ""
    assert "data/raw/leaves changed 59 s ago" in raw_data.unsettled(toy, 60, now=1059)
    (source / "images" / "a.png").write_text("more")
    assert "changed 0 s ago" in raw_data.unsettled(toy, 60)
    assert raw_data.unsettled(toy, 60, now=time.time() + 61) == ""


def test_raw_data_that_is_not_there_is_one_sentence(toy: Path, raw: Path):
    said = raw_data.missing(toy)
    assert said.startswith("data/raw/leaves, which params.yaml names") and "sparse-checkout" not in said
    raw.mkdir(parents=True)
    (raw / "a.txt").write_text("one")
    assert raw_data.missing(toy) == ""
    git(toy, "init", "-q")
    git(toy, "add", "-A", "-f")
    git(toy, "commit", "-qm", "one")
    (raw / "a.txt").unlink()
    raw.rmdir()
    assert raw_data.missing(toy).endswith("bring back what git has of it: git checkout -- data/raw/leaves.")
    git(toy, "checkout", "--", "data/raw/leaves")
    git(toy, "sparse-checkout", "set", "--no-cone", "/*", "!/data/raw/leaves/")
    assert raw_data.missing(toy).endswith("git sparse-checkout disable.")
    raw.parent.mkdir(parents=True)
    raw.symlink_to(toy / "unmounted")
    assert f"is a link to {toy / 'unmounted'}, which is not there" in raw_data.missing(toy)
    raw.unlink()
    Path(f"{raw}.dvc").write_text("outs: []\n")
    assert raw_data.missing(toy) == ""  # DVC brings it


@pytest.mark.slow
def test_what_dvc_import_brought_is_updated(toy: Path, raw: Path, tmp_path: Path):
    def dvc(root: Path, *words: str) -> None:
        subprocess.run([sys.executable, "-m", "dvc", *words, "-q"], cwd=root, check=True, capture_output=True)

    with pytest.raises(UserError, match="not made by dvc import"):
        raw_data.update(toy, print)
    source = tmp_path / "source"
    (source / "leaves").mkdir(parents=True)
    (source / "leaves/a.txt").write_text("one")
    git(source, "init", "-q")
    dvc(source, "init")
    dvc(source, "add", "leaves")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "one")
    raw.parent.mkdir(parents=True)
    dvc(toy, "import", str(source), "leaves", "-o", str(raw))
    said: list[str] = []
    raw_data.update(toy, said.append)
    assert "up to date with its source" in said[-1]
    (source / "leaves/b.txt").write_text("two")
    dvc(source, "add", "leaves")
    git(source, "commit", "-qam", "two")
    raw_data.update(toy, said.append)
    assert "updated from its source" in said[-1] and (raw / "b.txt").read_text() == "two"
    (source / ".git").rename(source / "gone")
    with pytest.raises(UserError, match="dvc update data/raw/leaves.dvc"):
        raw_data.update(toy, said.append)
