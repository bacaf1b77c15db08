"""`segmend diff`: rounds by name, folders by path; `segmend revert`: what it refuses."""

import shutil
from pathlib import Path

import pytest

from flows.commands import diff, revert
from flows.environment import UserError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path, monkeypatch):
    for shipped in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / shipped, tmp_path)
    for folder in ("data/labels/r0", "data/labels/r1", "theirs"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_round_or_a_folder(root):
    assert diff.folder_of(root, root, "r1") == root / "data/labels/r1"
    assert diff.folder_of(root, root, "theirs") == root / "theirs"
    with pytest.raises(UserError, match=r"neither a round with labels \(r0, r1\) nor a folder"):
        diff.folder_of(root, root, "r7")


def test_revert_says_what_it_needs(root):
    with pytest.raises(UserError, match="Say which answers"):
        revert.revert()
    with pytest.raises(UserError, match="correct.expansion to .name: none."):
        revert.revert(method="evidence")
    with pytest.raises(UserError, match="There is no round r9; the rounds are r1, r2, r3"):
        revert.start(root, "r9", {}, write=False)
