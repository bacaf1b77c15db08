"""What is kept of an image comes back exactly; an unchanged image is not decoded, a changed one is labelled anew."""

import shutil

import numpy as np
import pytest

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import Maps, write_labels, write_maps
from segmend.stage.params import load, validated
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.kept_labels import Ready, read
from tasks.pseudo_label.settings import Params
from tests import toys

NAMES = ("a/0", "a/1", "a/2", "b")
CELLS = (np.arange(40)[:, None] // 10 * 4 + np.arange(48) // 12).astype(np.int32)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    toys.leaves(tmp_path)
    write_maps(tmp_path / "regions", ((name, CELLS) for name in NAMES), 4)
    return tmp_path


def run(here, out, **settings):
    params = validated(Params, settings or load()["pseudo_label"], "pseudo_label")
    return pseudo_label.stage(params, 0, dataset=here / "dataset", regions=here / "regions", out=here / out)


def test_a_result_comes_back(here):
    ready = Ready(b"\x89PNG", np.arange(256), np.array([3, 254], np.uint8), np.array([0.25, 1.0]))
    ready.write(here / "kept.labels")
    again = read(here / "kept.labels")
    assert again.picture == ready.picture
    assert all(np.array_equal(one, other) for one, other in zip(again[1:], ready[1:], strict=True))


def test_an_unchanged_image_is_not_decoded_and_the_bytes_are_equal(here, decoded):
    first = run(here, "first")
    assert sorted(decoded) == sorted(NAMES)
    assert run(here, "again") == first and len(decoded) == 4
    assert toys.digests(here / "first") == toys.digests(here / "again")
    shutil.rmtree(here / ".work")
    assert run(here, "anew") == first and len(decoded) == 8
    assert toys.digests(here / "first") == toys.digests(here / "anew")
    run(here, "blank", labeller={"name": "blank"})  # another labeller
    assert len(decoded) == 12


def test_a_changed_mask_or_region_counts(here, decoded):
    run(here, "first")
    data = Dataset(here / "dataset", here / "truth")
    mask = np.roll(data.mask("a/0"), 5, axis=1)
    write_labels(here / "dataset/masks/a/0.png", mask, data.card.palette)
    run(here, "second")
    assert decoded[4:] == ["a/0"] and (Labels(here / "second")["a/0"] == mask).all()
    cells = CELLS.copy()
    cells[0, 0] = 1  # of the same size, as packed
    write_maps(here / "regions", ((name, cells if name == "b" else CELLS) for name in NAMES), 4)
    run(here, "third")
    assert decoded[5:] == ["b"]


def test_digests_tell_maps_apart_wherever_they_are_packed(here):
    first = Maps(here / "regions").digests()
    assert set(first) == set(NAMES) and len(set(first.values())) == 1
    write_maps(here / "other", ((name, CELLS + (name == "é")) for name in (*NAMES, "é")), 400)
    second = Maps(here / "other").digests()
    assert {name: second[name] for name in NAMES} == first and second["é"] != first["b"]
