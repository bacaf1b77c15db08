"""The stage on a toy workspace: maps, confidence, empty history and answers."""

import numpy as np
import pyarrow.parquet as parquet
import pytest

from tasks import answers, history
from tasks.dataset import Labels
from tasks.params import load, validated
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.pseudo_label.settings import Params
from tasks.rasters import UNLABELLED, write_maps
from tests.correct import toy

BLOCKS = (np.arange(40)[:, None] // 10 * 4 + np.arange(48) // 12).astype(np.int32)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    return tmp_path


def run(root, out="labels/r0", **settings):
    write_maps(root / "regions", ((name, BLOCKS) for name in ("a/0", "a/1", "a/2", "b")), 4)
    params = validated(Params, settings or load()["pseudo_label"], "pseudo_label")
    return pseudo_label.stage(params, 0, dataset=root / "dataset", regions=root / "regions", out=root / out)


def test_given_masks(here):
    data = toy.make(here, without_mask=("a/1",))
    metrics = run(here)
    labels = Labels(here / "labels/r0")
    assert sorted(path.name for path in (here / "labels/r0").iterdir()) == [
        "answers.jsonl",
        "confidence.parquet",
        "history.parquet",
        "maps",
    ]
    assert (labels["a/0"] == data.mask("a/0")).all() and (labels["a/1"] == UNLABELLED).all()
    assert not labels.path("c").exists()
    assert metrics["images"] == 4 and metrics["images_unlabelled"] == 1
    assert metrics["coverage"] == pytest.approx(0.75 * 46 / 48)
    table = parquet.read_table(here / "labels/r0/confidence.parquet").to_pylist()
    assert len(table) == 4 * 16
    inside = data.mask("a/0")[BLOCKS == 5]
    assert table[5] == {
        "image": "a/0",
        "region": 5,
        "label": np.bincount(inside).argmax(),
        "confidence": pytest.approx(np.bincount(inside).max() / 120),
    }
    assert table[16 + 5]["label"] == UNLABELLED and table[16 + 5]["confidence"] == 0


def test_history_and_answers_are_empty(here):
    toy.make(here)
    run(here)
    assert history.read(here / "labels/r0").num_rows == 0 and answers.read(here / "labels/r0/answers.jsonl") == []


def test_equal_bytes_for_any_number_of_workers(here, monkeypatch):
    toy.make(here)
    run(here)
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    run(here, "again")
    assert toy.digests(here / "labels/r0") == toy.digests(here / "again")


def test_multi_otsu_from_settings(here):
    toy.make(here)
    metrics = run(here, labeller={"name": "multi_otsu", "multi_otsu": {"floor": 60}})
    assert metrics["coverage"] == pytest.approx(46 / 48) and metrics["share/stone"] > 0.1
