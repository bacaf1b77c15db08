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
    with pytest.raises(UserError, match="There is no round r9; the rounds are r1, r2"):
        revert.start(root, "r9", {}, write=False)


def test_a_method_is_switched_off(root):
    before = (root / "params.yaml").read_text()
    with pytest.raises(UserError, match="by similar now: correct.expansion is corrector"):
        revert.switched_off(root, "similar", write=True)
    with pytest.raises(UserError, match="--method goes alone"):
        revert.revert(method="corrector", who="ada")
    assert "add --write" in revert.switched_off(root, "corrector", write=False)
    assert (root / "params.yaml").read_text() == before
    said = revert.switched_off(root, "corrector", write=True)
    assert "+  expansion: {name: none}" in said and "expansion: {name: none}" in (root / "params.yaml").read_text()


def test_an_export_is_read_by_ingest_and_label_maps_as_they_are(root, monkeypatch):
    read = []
    monkeypatch.setattr(diff, "ingested", lambda *words, **named: read.append(words[1:4]) or Path("x/dataset"))
    for name in ("theirs/masks/a/0.png", "pngs/a.png", "voc/JPEGImages/a.jpg", "geo/masks/a.tif"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"\x89PNG" + bytes(21) + b"\3" if name.endswith("png") else b"other")
    (root / "city/leftImg8bit").mkdir(parents=True)
    (root / "city/leftImg8bit/a.png").write_bytes(b"\x89PNG" + bytes(21) + b"\2")  # of three channels
    for name in ("theirs", "pngs"):
        assert diff.folder_of(root, root, name) == root / name
    assert diff.folder_of(root, root, "voc") == diff.folder_of(root, root, "geo") == root / "x/dataset"
    assert diff.folder_of(root, root, "city") == root / "x/dataset"
    diff.folder_of(root, root, "theirs", "huggingface")
    assert read == [
        (root / name, Path(".work/diff/read") / name, form)
        for name, form in (("voc", None), ("geo", None), ("city", None), ("theirs", "huggingface"))
    ]
