"""`segmend recommend`: the command it starts, what it says, and that params.yaml changes only when asked."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from flows.commands import recommend
from flows.environment import UserError

FOUND = {
    "noise": {"rate": 0.12, "border": 0.02, "objects": 0.1, "by_class": {"leaf": 0.2, "soil": None}, "images": 9},
    "recipe": {"name": "robust", "reason": "Because.", "changes": {"loss": {"name": "gce", "gce": {"q": 0.6}}}},
    "small_loss": "selection: {name: small_loss, small_loss: {rates: [0.200, 0.000]}}",
}


@pytest.fixture
def workspace(tmp_path, recorded):
    return tmp_path, recorded("recommend.json", lambda: json.dumps(FOUND))


def said(root: Path, write: bool = False) -> str:
    console = Console(record=True, width=120, file=StringIO())
    assert recommend.recommend(root, write, console) == 0
    return console.export_text()


def test_the_newest_network_judges_the_labels_it_was_trained_on(workspace):
    root, started = workspace
    for name in ("r0", "r1"):
        (root / "data/models" / name).mkdir(parents=True)
    before = (root / "params.yaml").read_text()
    text = said(root)
    words = started[0]
    assert words[:2] == ["-m", "tasks.train.recommend"]
    given = dict(zip(words[2::2], words[3::2], strict=True))
    assert given["--dataset"] == "data/dataset"
    assert given["--labels"] == "data/labels/r1" and given["--model"] == "data/models/r1"
    for word in (
        "12.0%",
        "leaf",
        "20.0%",
        "10.0% in whole objects",
        "robust",
        "Because.",
        "--write",
        FOUND["small_loss"],
    ):
        assert word in text
    assert (root / "params.yaml").read_text() == before


def test_write_changes_params_and_a_second_time_there_is_nothing_to_change(workspace):
    root, _ = workspace
    (root / "data/models/r0").mkdir(parents=True)
    assert "params.yaml changed" in said(root, write=True)
    loss = YAML(typ="safe").load((root / "params.yaml").read_text())["train"]["loss"]
    assert loss["name"] == "gce" and loss["gce"] == {"q": 0.6}
    assert "already holds it" in said(root, write=True)


def test_before_the_first_network_there_is_nothing_to_say(workspace):
    with pytest.raises(UserError, match="segmend run first"):
        recommend.recommend(workspace[0], False, Console(file=StringIO()))
