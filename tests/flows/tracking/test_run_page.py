"""What a run's page in MLflow says, and that a browser shows it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.engine.runner import Outcome
from flows.files import workspace_files
from flows.tracking import run_page
from flows.tracking.mlflow_store import Store
from tests.annotate.browser import CHROMIUM, chromium
from tests.pipeline import ROOT

DRAWN = """(wanted) => [...document.querySelectorAll('.js-plotly-plot')].some(
    (plot) => (plot.data ?? []).some((line) => JSON.stringify([...line.y]) === JSON.stringify(wanted)))"""
OUTCOMES = {
    "ingest": Outcome("ingest", "Cached"),
    "train@r1": Outcome("train@r1", "Completed", seconds=12.3),
    "correct@r2": Outcome("correct@r2", "Waiting", sentence="40 questions of r2 wait for answers"),
}


def test_metrics_are_named_as_the_field_names_them(scored: Path):
    lines = list(run_page.metrics(scored))
    assert [(line["step"], line["values"]["data/mIoU"]) for line in lines[:2]] == [(0, 0.6), (1, 0.75)]
    assert {name for line in lines for name in line["values"]} >= {
        "test/mIoU",
        "effort/clicks",
        "data IoU of class/leaf",
    }
    assert all("round" not in line["values"] for line in lines)


def test_the_description_tells_rounds_report_and_stages(scored: Path):
    class Page:
        experiment, name = "7", "segmend-shapes"

    text = run_page.description(scored, OUTCOMES, Page(), "abc", "3")
    assert "| r1 | 40 | 0.7500 |" in text and "| r0 | 0 | 0.6000 |" in text
    assert "(#/experiments/7/runs/abc/artifacts/report.html?" in text and "(#/models/segmend-shapes/versions/3?" in text
    assert "| Completed | `train@r1` (12 s) |" in text and "| Cached | `ingest` |" in text
    assert "`correct@r2`: 40 questions of r2 wait" in text


def test_a_recipe_leaves_out_what_does_nothing():
    settings = {"train.loss.name": "dice", "train.gradients": "znorm", "train.teacher.name": "none"}
    assert run_page.recipe(settings | {"train.selection.name": "all"}) == "dice + znorm"


def test_settings_come_from_the_records_of_all_stages(scored: Path):
    (scored / "reports").mkdir()
    (scored / "reports/train.json").write_text(json.dumps({"settings": {"train.loss.name": "gce"}}))
    found = workspace_files.settings(scored, [("data/models/r1", "reports/train.json"), ("data/labels/r0",)])
    assert found == {"seed": 3, "train.loss.name": "gce"}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_a_browser_shows_the_curve_of_data_miou(scored: Path, database: Path):
    """`segmend ui` prints the address once the server answers; the page shows the curve, and speaks to nobody else."""
    shutil.copy(database, scored / "mlflow.db")
    store = Store(scored, "shapes")
    run = store.start("flow", {})
    store.send(run, list(run_page.metrics(scored)), print)
    store.end(run, "FINISHED")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "flows.cli", "ui", "--no-browser"]
    with subprocess.Popen(command, cwd=scored, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = iter(server.stdout.readline, "")
            page = next(found[0] for line in said if (found := re.search(r"http://\S+", line)))
            assert f"#/experiments/{store.experiment}/runs?" in page and "compareRunsMode=CHART" in page
            assert store.page().startswith(page.split("#")[0])  # links of runs made meanwhile lead there too
            elsewhere: list[str] = []
            with chromium() as browser:
                tab = browser.new_page()
                tab.on("request", lambda asked: elsewhere.append(asked.url) if "127.0.0.1" not in asked.url else None)
                tab.goto(page, timeout=120_000)
                tab.wait_for_function(DRAWN, arg=[0.6, 0.75], timeout=120_000)
                assert "data/mIoU" in tab.inner_text("body")
            assert elsewhere == []
        finally:
            server.terminate()
            server.wait(60)
    assert not (scored / ".work/mlflow-server.json").exists()
