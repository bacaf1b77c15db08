"""Results by content: read as written, made once, bounded, never half-written; and the digest of the code behind them."""

from os import utime
from shutil import copytree

import numpy as np
import pytest

from segmend.stage import cache
from segmend.stage.cache import Cache, code_digest, digest_of
from tests.pseudo_label.labellers.tiny import item


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def result(k=0, objects=False):
    return {"labels": np.full((4, 5), k, np.uint8), "objects": np.zeros((4, 5), np.int32) if objects else None}


@pytest.mark.parametrize("objects", [False, True])
def test_read_as_written(objects):
    kept = Cache("stage", [b"settings"])
    path = kept.path(item())
    kept.write(path, result(2, objects))
    again = kept.read(path)
    assert (again["labels"] == 2).all() and again["labels"].dtype == np.uint8
    assert ("objects" in again) == objects and [file.suffix for file in path.parent.iterdir()] == [".npz"]


def test_work_is_done_once_per_content():
    kept, calls = Cache("stage", ["settings"]), []

    def make():
        calls.append(1)
        return {"numbers": np.arange(3)}

    for _ in range(2):
        assert kept.get(["image", "valid"], make)["numbers"].tolist() == [0, 1, 2]
    kept.get(["imagev", "alid"], make)  # not the same parts, though the same text in a row
    assert len(calls) == 2


def test_parts_of_other_shape_or_kind_are_told_apart():
    zeros = np.zeros(4, np.uint8)
    lists = [
        [b"a"],
        ["a"],
        [None],
        ["none"],
        [],
        [""],
        [zeros],
        [zeros.reshape(2, 2)],
        [zeros.astype(bool)],
        [zeros.tobytes()],
    ]
    assert len({digest_of(parts) for parts in lists}) == len(lists)


def test_image_mask_regions_and_key_tell_results_apart():
    first = item()
    others = [
        first._replace(mask=None),
        first._replace(regions=first.regions + 1),
        first._replace(image=first.image.copy() + 1),
    ]
    paths = {Cache("stage", [b"settings"]).path(each) for each in (first, *others)}
    paths |= {Cache("stage", [b"other"]).path(first)}
    assert len(paths) == 5 and Cache("stage", [b"settings"]).path(item()) in paths


def test_the_results_used_longest_ago_are_removed_first():
    kept = Cache("stage", [b"settings"])
    paths = [kept.path(item(seed=k)) for k in range(3)]
    for k, path in enumerate(paths):
        kept.write(path, result(k))
        utime(path, (k, k))
    kept.read(paths[0])  # used again: now the newest
    kept.trim(2 * paths[0].stat().st_size)
    assert [path.is_file() for path in paths] == [True, False, True]
    kept.trim(0)
    assert not list(kept.stage.rglob("*.npz"))


def test_a_stroke_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"old")

    def half(file):
        file.write(b"ne")
        raise OSError("no space left")

    with pytest.raises(OSError):
        cache.write_whole(path, half)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("segmend/images/regions.py", True),  # shared by the labeller's scores
        ("segmend/images/rasters.py", True),  # reached through others only
        ("tasks/pseudo_label/labellers/_dense.py", True),
        ("tasks/pseudo_label/labellers/clipseg.py", True),
        ("tasks/pseudo_label/labellers/onnx.py", False),  # a method that was not chosen
        ("tasks/train/engine/loop.py", False),  # another stage
    ],
)
def test_the_digest_of_a_labeller_follows_the_code_it_uses(tmp_path, edited, changes):
    """An edit of the shared region statistics must not bring back the scores of before (they are kept under this digest)."""
    for package in ("segmend", "tasks"):
        copytree(cache.ROOT / package, tmp_path / package)
    module = "tasks.pseudo_label.labellers.clipseg"
    before = code_digest(module, tmp_path)
    assert before == code_digest(module)
    path = tmp_path / edited
    path.write_text(path.read_text() + "\n# edited\n")
    assert (code_digest(module, tmp_path) != before) == changes
