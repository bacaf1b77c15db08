"""The stage on a toy workspace: what it writes, its cache, its refusals."""

from json import loads

import numpy as np
import pytest

from segmend.images.rasters import NO_REGION, VOID, Maps
from segmend.images.regions import count
from segmend.stage.params import load, validated
from tasks.superpixelize.__main__ import superpixelize
from tasks.superpixelize.settings import Params
from tests import toys


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    return tmp_path


def run(root, out="regions", **settings):
    params = validated(Params, settings or load()["superpixelize"], "superpixelize")
    return superpixelize.stage(params, 0, dataset=root / "dataset", truth=root / "truth", out=root / out)


def test_maps_and_metrics(here):
    data = toys.leaves(here)
    metrics = run(here)
    maps = Maps(here / "regions")
    assert sorted(maps) == ["a/0", "a/1", "a/2", "b"]  # train and val, not test
    for name in maps:
        assert ((maps[name] == NO_REGION) == (data.mask(name) == VOID)).all()
    assert metrics["regions"] == sum(count(maps[name]) for name in maps)
    assert metrics["train_regions"] == metrics["regions"] - count(maps["b"])
    assert metrics["achievable_accuracy"] > 0.97 and metrics["boundary_recall"] > 0.95


def test_equal_bytes_with_and_without_cache_and_workers(here, monkeypatch):
    toys.leaves(here)
    run(here)
    assert len(list((here / ".work").rglob("*.npz"))) == 4
    run(here, "again")
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    for path in (here / ".work").rglob("*.npz"):
        path.unlink()
    run(here, "parallel")
    assert toys.digests(here / "regions") == toys.digests(here / "again") == toys.digests(here / "parallel")


def test_the_cache_tells_settings_apart(here):
    toys.leaves(here)
    assert run(here, method={"name": "slic", "slic": {"regions": 30}}) != run(
        here, method={"name": "slic", "slic": {"regions": 20}}
    )
    assert len(list((here / ".work").rglob("*.npz"))) == 8


def test_without_truth_there_are_no_scores_and_a_reason(here):
    toys.leaves(here, truth=False)
    metrics = run(here)
    assert metrics["achievable_accuracy"] is None and "truth" in metrics["why_no_scores"]


def test_an_image_without_mask_is_valid_everywhere(here):
    toys.leaves(here, without_mask=("a/1",))
    run(here)
    assert (Maps(here / "regions")["a/1"] != NO_REGION).all()


def test_too_few_regions_is_an_error_naming_the_worst_image(here):
    toys.leaves(here)
    settings = {"name": "slic", "slic": {"regions": 600, "compactness": 0.001, "smallest": 1.0}}
    with pytest.raises(
        ValueError, match=r"slic made fewer than half of the regions asked for on 4 of 4 images; the worst is"
    ):
        run(here, method=settings)


def test_no_images_is_an_error(here):
    toys.leaves(here, splits={"c": "test"})
    with pytest.raises(ValueError, match="no train or val images"):
        run(here)


def test_command_line(here, monkeypatch):
    toys.leaves(here)
    words = [
        "--dataset",
        "dataset",
        "--truth",
        "truth",
        "--out",
        "regions",
        "--metrics",
        "m.json",
        "--report",
        "r.json",
    ]
    assert superpixelize(words) == 0
    assert loads((here / "m.json").read_text())["images"] == 4
    assert np.load(next((here / "regions").glob("*.npz")))
