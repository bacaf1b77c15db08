"""`segmend audit`: which data, labels and networks the modules are started with; nothing is trained here."""

import json
from pathlib import Path

import pytest
import typer

from flows.commands import audit as command
from flows.commands import ingested
from flows.environment import UserError
from flows.files.params_file import ParamsFile


@pytest.fixture
def place(two_rounds, monkeypatch):
    """A workspace in which what is started is recorded, and a training leaves its metrics."""
    started: list = []

    def start(stage, root, **changed):
        started.append((stage.module, {**stage.options, **changed}))
        metrics = root / changed["metrics"]
        metrics.parent.mkdir(parents=True, exist_ok=True)
        metrics.touch()
        return 0

    monkeypatch.setattr("flows.engine.stage_command.StageCommand.start", start)
    for module in (command, ingested):
        monkeypatch.setattr(module, "run", lambda root, name, *words, cwd=None: started.append((name, list(words))))
    return two_rounds, started


def test_a_round_a_data_set_and_a_folder(place, monkeypatch):
    root, started = place
    assert command.data_of(root, root, "r1", None, False) == ("r1", Path("data/dataset"), Path("data/labels/r1"))
    (root / "x/dataset").mkdir(parents=True)
    for name in ("dataset.json", "samples.csv"):
        (root / "x/dataset" / name).touch()
    assert command.data_of(root, root, "x/dataset", None, False) == ("x", root / "x/dataset", None)
    (root / "raw").mkdir()
    monkeypatch.setattr("flows.commands.workspace.recognised", lambda path: ("voc", "it has lists"))
    name, dataset, labels = command.data_of(root, root, "raw", None, True)
    assert (name, dataset, labels) == ("raw", Path(".work/audit/raw/dataset"), None)
    settings = json.loads((root / ".work/audit/raw/params.yaml").read_text())["ingest"]
    assert settings == {"format": {"name": "voc"}, "data": "raw", "noise": {"level": "none"}, "keep_going": True}
    assert started == [("tasks.ingest", ["--raw", str(root / "raw"), "--out", "dataset", "--out-truth", "truth"])]
    with pytest.raises(UserError, match=r"r7 is neither a round with labels \(r0, r1\) nor a folder"):
        command.data_of(root, root, "r7", None, False)


def test_findings_in_a_folder_cannot_be_asked_about_and_nothing_is_read(place, monkeypatch):
    root, started = place
    (root / "raw").mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setattr("flows.environment.enter", lambda: root)
    with pytest.raises(UserError, match="Take the folder in first"):
        command.audit("raw", ask=5)
    assert not started


@pytest.mark.parametrize(("images", "folds", "few"), [(16, 4, True), (400, 4, False), (16, None, False)])
def test_few_images_are_said(tmp_path, capsys, images, folds, few):
    found = {"images": images, "wrong_share": 0.1, "findings": {"major": 1, "minor": 2, "borderline": 3}}
    found |= {"pairs": [], "worst_images": [], "duplicates": []}
    (tmp_path / "audit.json").write_text(json.dumps(found))
    command.show(tmp_path, folds)
    assert ("Each network learned 12 images only" in capsys.readouterr().out) == few


def test_this_workspaces_own_data_keep_their_settings(place, tmp_path):
    root, _ = place
    file = ParamsFile(root)
    file.set("ingest.format", {"name": "coco", "coco": {"order": "larger_over_smaller"}})
    file.set("ingest.noise.level", "medium")
    file.save()
    own = f"data/raw/{file.get('ingest.data')}"
    (root / own).mkdir(parents=True)
    command.data_of(root, root, own, None, False)
    settings = json.loads((root / f".work/audit/{Path(own).name}/params.yaml").read_text())["ingest"]
    assert settings["format"] == file.get("ingest.format") and settings["noise"] == {"level": "none"}


def test_every_fold_is_trained_once(place):
    root, started = place
    command.train_folds(root, Path(".work/audit/r1/folds"), ["--dataset", "D", "--labels", "L"], 2)
    assert started[0] == (
        "tasks.audit.folds",
        ["--dataset", "D", "--labels", "L", "--out", ".work/audit/r1/folds", "--folds", "2"],
    )
    trained = [options for module, options in started if module == "tasks.train"]
    assert [options["out"] for options in trained] == [f".work/audit/r1/folds/fold_{k}/model" for k in (0, 1)]
    assert (
        trained[0]["dataset"] == ".work/audit/r1/folds/fold_0/dataset" and trained[0]["weights"] == "data/weights/none"
    )
    assert trained[0]["labels"] == ".work/audit/r1/folds/labels" and trained[0]["report"] is None
    started.clear()
    command.train_folds(root, Path(".work/audit/r1/folds"), [], 2)
    assert len(started) == 1  # both networks are there


def test_the_round_that_takes_the_answers(place):
    root, _ = place
    assert [command.round_for(root, name) for name in ("r0", "r1", "r2")] == ["r1", "r2", "r2"]


def test_a_module_that_fails_ends_the_command(tmp_path):
    with pytest.raises(typer.Exit) as ended:
        command.run(tmp_path, "tasks.audit.run", cwd=Path(__file__).parents[3])
    assert ended.value.exit_code == 2
