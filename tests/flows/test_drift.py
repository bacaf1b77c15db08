"""segmend drift, and a run that it stops, on real images, a real DVC cache and a real MLflow."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from flows import drift
from flows.files import promotions
from flows.files.workspace_files import dataset_name
from flows.tracking.mlflow_store import Store
from tests.flows.toys import into_cache, segmend
from tests.pipeline import ROOT
from tests.toys import SHAPE_CARD, Drawn, draw_shapes, write_dataset


def images(seed: int, count: int, brighter: int = 0) -> list[Drawn]:
    random, drawn = np.random.default_rng(seed), []
    for k in range(count):
        image, mask = draw_shapes(random, 33, 41)
        image = np.clip(image.astype(int) + brighter, 0, 255).astype(np.uint8)
        drawn.append(Drawn(f"{seed}/{k:02d}", "train", image, mask))
    return drawn


def ingested(root: Path, drawn: list[Drawn]) -> str:
    """The data set as ingest would have left it in data/ and in dvc.lock; its hash."""
    shutil.rmtree(root / "data/dataset", ignore_errors=True)
    write_dataset(root / "data", SHAPE_CARD, drawn)
    digest = into_cache(root, root / "data/dataset")
    YAML().dump({"stages": {"ingest": {"outs": [{"path": "data/dataset", "md5": digest}]}}}, root / "dvc.lock")
    return digest


@pytest.fixture
def workspace(toy: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(database, toy / "mlflow.db")
    shutil.copy(ROOT / "dvc.yaml", toy)
    shutil.copy(ROOT / "params.yaml", toy)
    (toy / "data").mkdir()
    for name in ("segmend", "tasks"):
        (toy / name).symlink_to(ROOT / name)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT)]))
    monkeypatch.chdir(toy)
    return toy


def test_later_is_what_is_later_in_any_time_zone(tmp_path: Path):
    (tmp_path / "data").mkdir()
    for kind, at in (("network", "2026-01-02T01:00:00+0900"), ("labels", "2026-01-01T20:00:00+0000")):
        promotions.append(tmp_path, kind, "promote", dataset=kind, at=at)
    reference = drift.reference(tmp_path)
    assert reference is not None and reference["dataset"] == "labels"
    promotions.append(
        tmp_path, "data", "promote", dataset="accepted", at="2026-01-01T20:00:00+0000"
    )  # in the same second
    reference = drift.reference(tmp_path)
    assert reference is not None and reference["dataset"] == "accepted"


@pytest.mark.slow
def test_new_images_that_are_unlike_the_promoted_ones_stop_a_run_until_somebody_looked(workspace: Path):
    assert "Nothing was promoted yet" in segmend("drift").output
    old = images(1, 16)
    promotions.append(workspace, "labels", "promote", round="r0", md5="x", dataset=ingested(workspace, old))
    assert "The data is the promoted one" in segmend("drift").output

    ingested(workspace, old + images(2, 6, brighter=60))
    said: list[str] = []
    after = drift.stop(workspace, said.append)
    assert after(["data/regions"]) == ""
    assert "brightness higher" in after(["data/dataset", "reports/ingest.json"]) and not said
    made = (workspace / drift.VERDICT).stat().st_mtime_ns
    result = segmend("drift")
    assert result.exit_code == 75 and "DRIFTED" in result.output and "unlike the promoted ones" in result.output
    assert (workspace / drift.VERDICT).stat().st_mtime_ns == made  # nothing has changed, so nothing is computed again
    store = Store(workspace, dataset_name(workspace))
    (run,) = store.client.search_runs([store.experiment], "tags.`mlflow.runName` = 'drift'")
    assert run.data.metrics["drift/drifted"] == 1 and run.data.metrics["drift/looks of the images"] > 0.5
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == ["index.html"]

    (workspace / "params.yaml").write_text((workspace / "params.yaml").read_text() + "drift: {stop: false}\n")
    assert drift.stop(workspace, said.append)(["data/dataset"]) == "" and "brightness higher" in said[-1]
    assert "accepted" in segmend("drift", "--accept").output
    assert "The data is the promoted one" in segmend("drift").output


def test_without_a_data_set_or_enough_images_nothing_is_said_to_be_alike(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
):
    promotions.append(workspace, "labels", "promote", round="r0", md5="x", dataset=ingested(workspace, images(1, 1)))
    row = {"drifted": False, "shift": None, "title": "looks", "sentence": "not compared"}
    monkeypatch.setattr(drift, "verdict", lambda *_: {"drifted": False, "sentence": "", "rows": [row]})
    assert "not known    looks: not compared" in segmend("drift").output
    (workspace / "dvc.lock").unlink()  # as in a fresh clone
    result = segmend("drift")
    assert result.exit_code == 2 and drift.NO_DATA in result.output


def test_data_that_left_the_cache_is_a_sentence(workspace: Path):
    promotions.append(workspace, "network", "promote", round="r0", md5="x", dataset="0" * 32 + ".dir")
    ingested(workspace, images(1, 2))
    result = segmend("drift")
    assert result.exit_code == 2 and "no longer in DVC's cache" in result.output
    said: list[str] = []
    assert drift.stop(workspace, said.append)(["data/dataset"]) == "" and "goes on without it" in said[0]
