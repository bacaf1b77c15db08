"""segmend promote and rollback on real networks, a real registry, and label sets in DVC's cache."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from flows.files import promotions
from flows.tracking import registry
from flows.tracking.mlflow_store import Store
from segmend.answers.answers import Answer, pixels, read_queries, write
from segmend.images.dataset import write_truth_list
from tests import toys
from tests.flows.toys import into_cache, mistake, segmend
from tests.pipeline import ROOT


@pytest.fixture
def workspace(toy: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two rounds with labels and networks, as the stages would have left them."""
    shutil.copy(database, toy / "mlflow.db")
    shutil.copy(ROOT / "dvc.yaml", toy)
    (toy / "params.yaml").write_text(
        "seed: 0\ningest: {data: shapes}\ntrain: {network: {name: unet}}\n"
        "models: {r0: {prev: start}, r1: {prev: r0}}\nrounds: {r1: {prev: r0}}\nlast: r1\n"
    )
    toys.rounds(toy / "data")
    for k in range(2):
        (toy / f"data/labels/r{k}/answers.jsonl").touch()
    shutil.copytree(ROOT / "segmend", toy / "segmend", ignore=shutil.ignore_patterns("__pycache__"))
    outs = {"pseudo_label": "data/labels/r0", "correct@r1": "data/labels/r1"}
    outs |= {f"train@r{k}": f"data/models/r{k}" for k in range(2)}
    stages = {stage: {"outs": [{"path": path, "md5": into_cache(toy, toy / path)}]} for stage, path in outs.items()}
    YAML().dump({"stages": stages}, toy / "dvc.lock")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT)]))
    monkeypatch.chdir(toy)
    return toy


def champion(root: Path) -> str | None:
    found = registry.champion(Store(root, "shapes"))
    return found and found.number


@pytest.mark.slow
def test_networks_are_promoted_compared_and_rolled_back(workspace: Path):
    assert "nothing to go back to" in mistake("rollback")
    first = segmend("promote", "--round", "r0").output
    assert "Version 1 of segmend-shapes is the champion. The first network" in first
    assert "the champion already" in segmend("promote", "--round", "r0").output
    for name in ("config.json", "weights.safetensors"):
        assert (workspace / "data/weights/champion" / name).read_bytes() == (
            workspace / "data/models/r0" / name
        ).read_bytes()

    said = segmend("promote").output  # two untrained networks; whatever the verdict, it is recorded
    verdict = json.loads((workspace / ".work/gate/network/verdict.json").read_text())
    assert verdict["sentence"] in said and champion(workspace) == ("2" if verdict["promoted"] else "1")
    if not verdict["promoted"]:
        assert "Promoted by hand (--force)" in segmend("promote", "--force").output
    assert champion(workspace) == "2"
    runs = Store(workspace, "shapes").client.search_runs(["1"], "tags.`mlflow.note.content` LIKE '%mIoU%'")
    assert runs and {"promotion/challenger mIoU", "promotion/champion mIoU"} <= set(runs[0].data.metrics)

    assert "version 1 of segmend-shapes again" in segmend("rollback").output and champion(workspace) == "1"
    weights = (workspace / "data/weights/champion/weights.safetensors").read_bytes()
    assert weights == (workspace / "data/models/r0/weights.safetensors").read_bytes()
    assert "nothing to go back to" in mistake("rollback")
    lines = promotions.read(workspace, "network")
    assert [line["action"] for line in lines] == ["promote", "promote", "rollback"] and lines[-1]["was"] == "2"


@pytest.mark.slow
def test_label_sets_are_promoted_when_they_are_better_where_the_truth_is_known(workspace: Path):
    assert "The first label set" in segmend("promote", "--labels", "--round", "r0").output
    shutil.rmtree(workspace / "data/labels/r0")  # as the next run's first labels would replace it
    assert (
        "6.2% of random swaps do as well" in segmend("promote", "--labels").output
    )  # four images cannot suffice at 0.95
    params = workspace / "params.yaml"
    params.write_text(params.read_text() + "gate: {confidence: 0.9}\n")
    assert "The labels of r1 are promoted. Better: mIoU" in segmend("promote", "--labels").output
    assert "are promoted already" in segmend("promote", "--labels").output
    assert "that of r0" in segmend("rollback", "--labels").output
    assert [line["round"] for line in promotions.standing(workspace, "labels")] == ["r0"]


@pytest.mark.slow
def test_without_truth_label_sets_are_judged_by_held_out_answers(workspace: Path):
    write_truth_list(workspace / "data/truth", {})
    assert "The first label set" in segmend("promote", "--labels", "--round", "r0").output
    assert "5 at least are needed" in mistake("promote", "--labels")
    assert (
        "Ask people: segmend annotate --questions data/answers/held_out/1"
        in segmend("promote", "--labels", "--ask", "1000").output
    )
    folder = workspace / promotions.HELD_OUT / "1"
    answers = []
    for query in read_queries(folder):
        truth = toys.disk_truth(list(toys.DISK_SPLITS).index(query.image)).ravel()[pixels(query.footprint)]
        right = toys.DISK_CARD.classes[int(np.bincount(truth).argmax())]
        about = {"query": query.query, "image": query.image, "footprint": query.footprint}
        answers.append(Answer(**about, kind="class", classes=(right,), who="ada"))
    write(folder / "answers.jsonl", answers)
    params = workspace / "params.yaml"
    params.write_text(params.read_text() + "gate: {confidence: 0.75}\n")
    said = segmend("promote", "--labels").output
    assert (
        "The labels of r1 are promoted. Better: mIoU" in said and f"Judged by {len(answers)} held-out answers." in said
    )
    assert promotions.standing(workspace, "labels")[-1]["judged_by"] == f"{len(answers)} held-out answers"
    assert "No questions were drawn" in mistake("promote", "--labels", "--ask", "5")  # all are drawn already
    assert "that of r0" in segmend("rollback", "--labels").output


def test_mistakes_are_sentences(workspace: Path):
    assert "--ask goes with --labels" in mistake("promote", "--ask", "5")
    assert "no round r7" in mistake("promote", "--round", "r7")
    shutil.rmtree(workspace / "data/models")
    assert "run segmend run first" in mistake("promote")
