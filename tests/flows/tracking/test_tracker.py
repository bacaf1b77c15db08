"""Runs in a real MLflow data base: what a flow leaves there, and what happens when the tracking is in trouble."""

import json
import os
import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from flows.engine import spool
from flows.engine.runner import Listener, Outcome, Runner
from flows.tracking.mlflow_store import Store, TrackingUnavailable, process_tag
from flows.tracking.tracker import Tracker
from tests.flows.toys import behave, executed

SERVING = """
from pathlib import Path

class Network:
    def __init__(self, path):
        self.shift = int(Path(path, "weights").read_text())

    def predict(self, images, params=None):
        return images[..., 0] + self.shift

_load_pyfunc = Network
"""


@pytest.fixture
def root(toy: Path, database: Path) -> Path:
    """The toy with what tracking looks for: a network, a record, data hashes."""
    shutil.copy(database, toy / "mlflow.db")
    (toy / "params.yaml").write_text("x: 1\ny: 1\nlast: r1\ningest: {data: shapes}\nmodels: {r1: {prev: start}}\n")
    (toy / "dvc.yaml").write_text("""
stages:
  first: {cmd: python stage.py first a.txt in.txt, deps: [in.txt, stage.py], params: [x], outs: [a.txt]}
  left: {cmd: python stage.py left b.txt a.txt, deps: [a.txt], params: [y], outs: [b.txt]}
  train:
    foreach: ${models}
    do:
      cmd: python -m stage train@${key} weights.txt b.txt --out data/models/${key}
      deps: [b.txt]
      params: [models]
      outs: ["data/models/${key}", weights.txt, "reports/train/${key}.json"]
""")
    behave(
        toy,
        "train@r1",
        """
        Path("data/models/r1").mkdir(parents=True); Path("reports/train").mkdir(parents=True, exist_ok=True)
        Path("data/models/r1/weights").write_text("7")
        Path("reports/train/r1.json").write_text(json.dumps(
            {"mlflow_run_id": os.environ.get("SEGMEND_RUN_ID"), "git_commit": "c0ffee", "metrics": {"miou": 0.75}}))
        Path("figure.txt").write_text("a figure")
        send("artifact", path="figure.txt", folder="figures")
        send("tags", values={"loss": "gce"})
        send("metrics", values={"nan": float("nan"), "train.iou@1": 0.5, "none": None}, step=3)
    """,
    )
    (toy / "segmend/network").mkdir(parents=True)
    for package in ("segmend", "segmend/network"):
        (toy / package / "__init__.py").write_text("")
    (toy / "segmend/network/pyfunc.py").write_text(SERVING)
    return toy


def flow(root: Path, *listeners: Listener) -> tuple[dict[str, Outcome], list[str]]:
    """One tracked run of everything; returns outcomes and warnings."""
    warnings: list[str] = []
    with Runner(root, say=warnings.append) as runner:
        plan = runner.plan()
        tracker = Tracker(root, warnings.append)
        tracker.tags["prefect.flow_run_id"] = "f"
        outcomes = runner.run_all(plan, [tracker, *listeners])
        tracker.finish(plan, outcomes)
    return outcomes, warnings


def runs(root: Path) -> dict:
    store = Store(root, "shapes")
    return {run.info.run_name.split()[0]: run for run in store.client.search_runs([store.experiment])}


def test_a_flow_in_the_data_base(root: Path, monkeypatch: pytest.MonkeyPatch):
    outcomes, warnings = flow(root)
    assert {o.what for o in outcomes.values()} == {"Completed"} and warnings == []
    found = runs(root)
    assert set(found) == {"flow", "first", "left", "train@r1"}
    train, parent = found["train@r1"], found["flow"]
    assert train.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert train.data.metrics == {"loss": 0.25, "train.iou_1": 0.5}  # the last of its values; no NaN, no None
    assert train.data.params == {"train_r1.x": "1"} and train.data.tags["loss"] == "gce"
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    assert parent.data.tags["prefect.flow_run_id"] == "f" and len(parent.data.tags["dvc.lock.md5"]) == 32
    dataset = train.inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.source_type, len(dataset.digest)) == ("b.txt", "dvc", 32)

    client = Store(root, "shapes").client
    folder = Path(client.download_artifacts(parent.info.run_id, "", str(root)))
    table = json.loads((folder / "stages.json").read_text())
    assert table["train@r1"]["run"] == train.info.run_id and table["train@r1"]["outs"]["data/models/r1"].endswith(
        ".dir"
    )
    assert table["left"] == {"outcome": "Completed", "run": None, "outs": table["left"]["outs"]}  # it writes no record
    assert {item.path for item in client.list_artifacts(train.info.run_id)} == {"figures"}
    assert {item.path for item in client.list_artifacts(parent.info.run_id)} >= {"network", "params.yaml", "dvc.lock"}
    assert parent.data.tags["registered version"] == "1" and parent.data.tags["dataset"] == "shapes"
    assert "| Completed | `first`" in parent.data.tags["mlflow.note.content"]
    assert {item.dataset.name for item in parent.inputs.dataset_inputs} == set()  # this toy has no stage ingest
    assert not list((root / ".work" / "tracking").glob("*"))

    assert {o.what for o in flow(root)[0].values()} == {"Cached"}  # and creates nothing
    assert len(runs(root)) == 4


def test_the_network_is_registered_once_and_loads(root: Path, monkeypatch: pytest.MonkeyPatch):
    import mlflow

    had_torch = "torch" in sys.modules
    flow(root)
    assert had_torch or "torch" not in sys.modules
    (root / "in.txt").write_text("changed ")
    flow(root)  # trains again, to the same bytes
    client = Store(root, "shapes").client
    assert [v.version for v in client.search_model_versions("name = 'segmend-shapes'")] == ["1"] or [
        v.version for v in client.search_model_versions("name = 'segmend-shapes'")
    ] == [1]
    mlflow.set_tracking_uri(f"sqlite:///{root / 'mlflow.db'}")
    for name in [name for name in sys.modules if name.split(".")[0] == "segmend"]:
        monkeypatch.delitem(sys.modules, name)
    model = mlflow.pyfunc.load_model("models:/segmend-shapes@challenger")
    for name in [name for name in sys.modules if name.split(".")[0] == "segmend"]:
        monkeypatch.delitem(sys.modules, name)
    for shape in ((1, 4, 6, 3), (2, 5, 5, 3)):
        assert np.array_equal(model.predict(np.zeros(shape, np.uint8)), np.full(shape[:3], 7, np.uint8))
    with pytest.raises(mlflow.exceptions.MlflowException):
        model.predict(np.zeros((1, 4, 4, 1), np.uint8))


def test_restored_makes_no_run_and_points_to_its_maker(root: Path):
    flow(root)
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("y: 1", "y: 2"))
    behave(root, "left", "Path('left.x').write_text('')")
    flow(root)
    before = set(run.info.run_id for run in runs(root).values())
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("y: 2", "y: 1"))
    outcomes, _ = flow(root)
    assert outcomes["left"].what == "Restored"
    assert set(run.info.run_id for run in runs(root).values()) == before


def test_server_gone_fails_nothing_and_is_made_up_for(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    outcomes, warnings = flow(root)
    assert {o.what for o in outcomes.values()} == {"Completed"}
    assert len(warnings) == 1 and "does not answer" in warnings[0]
    assert len(list((root / ".work" / "tracking").glob("*/*/lines.jsonl"))) == 3
    made = json.loads((root / "reports/train/r1.json").read_text())["mlflow_run_id"]
    assert made.startswith("local-")

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("y: 1", "y: 2"))
    assert flow(root)[1] == []
    found = runs(root)
    assert found["train@r1"].data.metrics["loss"] == 0.25 and found["train@r1"].data.tags["segmend.run"] == made
    assert not list((root / ".work" / "tracking").glob("*"))
    store = Store(root, "shapes")
    parents = [run for run in store.client.search_runs([store.experiment]) if run.info.run_name.startswith("flow")]
    table = {}
    for parent in parents:
        if any(item.path == "stages.json" for item in store.client.list_artifacts(parent.info.run_id)):
            table = json.loads(
                Path(store.client.download_artifacts(parent.info.run_id, "stages.json", str(root))).read_text()
            )
    assert table["train@r1"] == table["train@r1"] | {"outcome": "Cached", "run": found["train@r1"].info.run_id}


def test_lines_come_while_the_stage_runs(root: Path):
    """The stage waits until somebody has seen the first of its two values in MLflow."""
    behave(root, "first", "while not Path('seen').exists(): time.sleep(0.1)")
    seen: list[dict] = []

    def look() -> None:
        for _ in range(600):
            with suppress(Exception):  # the data base may be in the making; without a value the assertion below fails
                run = runs(root).get("first")
                if run is not None and "loss" in run.data.metrics:
                    seen.append(dict(run.data.metrics))
                    break
            time.sleep(0.1)
        (root / "seen").touch()

    looking = threading.Thread(target=look)
    looking.start()
    flow(root)
    looking.join()
    assert seen == [{"loss": 0.5}]


def test_unknown_run_is_made_again_from_its_record(root: Path, database: Path):
    flow(root)
    shutil.copy(database, root / "mlflow.db")  # a fresh clone: the data is there, the runs are not
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("y: 1", "y: 2"))
    outcomes, warnings = flow(root)
    assert outcomes["train@r1"].what == "Cached" and warnings == []
    made = runs(root)["train@r1"]
    assert made.data.metrics == {"miou": 0.75} and made.data.tags["segmend.rebuilt"] == "true"
    assert made.data.tags["mlflow.source.git.commit"] == "c0ffee"


def test_runs_of_dead_processes_are_closed(root: Path):
    store = Store(root, "shapes")
    dead = store.start("dead", {"segmend.process": "999999-1"})
    reused = store.start("reused", {"segmend.process": f"{os.getpid()}-1"})
    mine = store.start("mine", {})
    elsewhere = store.start("elsewhere", {"segmend.host": "another", "segmend.process": "999999-1"})
    client = Store(root, "shapes").client
    status = {run: client.get_run(run).info.status for run in (dead, reused, mine, elsewhere)}
    assert list(status.values()) == ["KILLED", "KILLED", "RUNNING", "RUNNING"]
    assert process_tag(999999) == ""


def test_killed_flow_leaves_lines_that_the_next_one_sends(root: Path):
    store = Store(root, "shapes")
    folder = spool.make(root, "20260101T000000-1-abc", "first", 0)
    (folder / spool.LINES).write_text('{"kind": "metrics", "values": {"loss": 1.5}, "step": 1}\n{"kind": "metr')
    run = store.start("first", {"segmend.process": "999999-1"})
    parent = store.start("flow", {"segmend.process": "999999-1"})
    (folder / spool.PENDING).write_text(
        json.dumps(
            {
                "stage": "first",
                "parent": parent,
                "tags": {},
                "run": run,
                "sent": 0,
                "begin": 0,
                "status": "KILLED",
                "inputs": {},
            }
        )
    )
    behave(root, "first", "sys.exit(1)")
    flow(root)
    left = store.client.get_run(run)
    assert (left.info.status, left.data.metrics) == ("KILLED", {"loss": 1.5})
    assert executed(root) == ["first"]


def test_trouble_is_named(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root}/in.txt/all.db")
    with pytest.raises(TrackingUnavailable):
        Store(root, "shapes")
