"""Results by content: read as written, bounded, a half-written one is never read."""

from os import utime

import numpy as np
import pytest

from tasks.pseudo_label.kept import WORK, Kept
from tasks.pseudo_label.models import Found
from tests.pseudo_label.labellers.tiny import item


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def found(k=0, objects=False):
    labels = np.full((4, 5), k, np.uint8)
    return Found(labels, np.full((2, 3), 0.25, np.float32), np.zeros((4, 5), np.int32) if objects else None)


@pytest.mark.parametrize("objects", [False, True])
def test_read_as_written(objects):
    kept = Kept([b"settings"])
    path = kept.path(item())
    kept.write(path, found(2, objects))
    again = Found(**kept.read(path))
    assert (again.labels == 2).all() and again.labels.dtype == np.uint8 and (again.scores == 0.25).all()
    assert (again.objects is not None) == objects and [one.suffix for one in path.parent.iterdir()] == [".npz"]


def test_image_mask_regions_and_key_tell_results_apart():
    one = item()
    others = [one._replace(mask=None), one._replace(regions=one.regions + 1), one._replace(image=one.image.copy() + 1)]
    paths = {Kept([b"settings"]).path(each) for each in (one, *others)} | {Kept([b"other"]).path(one)}
    assert len(paths) == 5 and Kept([b"settings"]).path(item()) in paths


def test_the_oldest_go_first():
    kept = Kept([b"settings"])
    paths = [kept.path(item(seed=k)) for k in range(3)]
    for k, path in enumerate(paths):
        kept.write(path, found(k))
        utime(path, (k, k))
    kept.read(paths[0])  # used again: now the newest
    kept.trim(2 * paths[0].stat().st_size)
    assert [path.is_file() for path in paths] == [True, False, True] and WORK.is_dir()
    kept.trim(0)
    assert not list(WORK.rglob("*.npz"))
