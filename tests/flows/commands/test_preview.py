"""`segmend next`: the command it starts, the round it asks for, and what it says."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from flows.commands import preview
from flows.environment import UserError

ROOT = Path(__file__).parents[3]
NUMBERS = (
    '{"asked": 20, "asked_pixels": 900, "shown/unlabelled": 1, "shown/leaf": 19, "predicted/leaf": 20, '
    '"expected_fixed": %s, "ahead": 1000, "ahead_fixed": 250.0}'
)


@pytest.fixture
def workspace(tmp_path, recorded):
    (tmp_path / "fixed").write_text("500.0")
    return tmp_path, recorded("next.json", lambda: NUMBERS % (tmp_path / "fixed").read_text())


def said(root: Path, budget: str | None = None) -> str:
    console = Console(record=True, width=120, file=StringIO())
    assert preview.look_ahead(root, budget, console) == 0
    return console.export_text()


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    ("trained", "coming", "spend", "how"),
    [
        (["r0"], "r1", "4%", "segmend run asks them"),
        (["r0", "r1", "r2"], "r3", "4%", "segmend rounds 3 and segmend run do that"),
    ],
)
def test_the_newest_network_asks_for_the_round_after_it(workspace, trained, coming, spend, how):
    root, started = workspace
    for name in trained:
        (root / "data/models" / name).mkdir(parents=True)
    text = said(root)
    (words,) = started
    assert words[:2] == ["-m", "tasks.query"] and option(words, "--round") == coming
    assert (
        option(words, "--model") == f"data/models/{trained[-1]}"
        and option(words, "--labels") == f"data/labels/{trained[-1]}"
    )
    assert option(words, "--budget") == spend and option(words, "--out") == ".work/next" and "--report" not in words
    assert "20 questions" in text and "25.0 a question" in text and how in text and "stop" not in text


def test_a_budget_of_ones_own_and_advice_to_stop(workspace):
    root, started = workspace
    (root / "data/models/r0").mkdir(parents=True)
    (root / ".work/next").mkdir(parents=True)
    (root / ".work/next/old.png").touch()
    (root / "fixed").write_text("12.0")
    text = said(root, "7")
    assert option(started[0], "--budget") == "7" and not (root / ".work/next/old.png").exists()
    assert "Less than a pixel a question: this is a good place to stop." in text and "0.2 a question" in text


def test_nothing_is_foreseen_of_sets_of_classes(workspace):
    """Then nobody is told to stop either: the stage query says null."""
    root, _ = workspace
    (root / "data/models/r0").mkdir(parents=True)
    (root / "fixed").write_text("null")
    text = said(root)
    assert "20 questions" in text and "segmend run asks them" in text
    assert "Expected" not in text and "stop" not in text and "after them" not in text


def test_without_a_network(workspace):
    root, started = workspace
    with pytest.raises(UserError, match="run segmend run first"):
        said(root)
    assert not started


def test_rounds_of_the_shipped_params_are_what_the_cases_say():
    rounds = YAML(typ="safe").load((ROOT / "params.yaml").read_text())["rounds"]
    assert [settings["budget"] for settings in rounds.values()] == ["4%"] * 2
