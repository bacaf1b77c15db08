"""Every command checks params.yaml first, with the settings classes of the stages, and imports them only for what is new."""

import shutil
import subprocess
from pathlib import Path

import pytest

from flows.environment import UserError
from flows.files import params_check
from flows.files.params_check import check_params
from tests.flows.toys import mistake

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with the shipped code, dvc.yaml and params.yaml."""
    for name in ("tasks", "segmend"):  # with what Python compiled of it
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_mistake_stops_every_command_and_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch):
    check_params(root)
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("report: {}", "report: {picures: 1}"))
    before = (root / "params.yaml").read_bytes()
    commands = (["run"], ["status"], ["next"], ["recommend"], ["rounds", "2"], ["ui"], ["serve", "--cron", "0 2 * * *"])
    told = {mistake(*words) for words in commands}
    assert len(told) == 1 and "report.picures is not a known setting (did you mean 'pictures'?)" in told.pop()
    assert (root / "params.yaml").read_bytes() == before and not (root / "data").exists()


def test_what_was_in_order_is_not_checked_again(root: Path, monkeypatch: pytest.MonkeyPatch):
    check_params(root)
    calls: list[list[str]] = []
    real = subprocess.run
    monkeypatch.setattr(
        params_check.subprocess, "run", lambda words, **more: calls.append(words) or real(words, **more)
    )
    check_params(root)
    assert calls == []
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(
        text.replace("evaluate: {}", "evaluate: {bins: 20}").replace("last: r2", "last: r7")
    )
    with pytest.raises(UserError, match="last must be 'r2'"):
        check_params(root)
    assert calls[-1][calls[-1].index("--sections") + 1 :] == ["evaluate", "last"]
    (root / "params.yaml").write_text(text)
    (root / "tasks" / "evaluate" / "settings.py").touch()
    check_params(root)  # the code is another
    assert len(calls) == 2 and "train" in calls[-1]


def test_what_is_to_be_written_is_checked_before(root: Path):
    check_params(root)
    before = (root / "params.yaml").read_bytes()
    assert "rounds.r1.budget must be a count of at least 0, or a share from 0% to 100%" in mistake(
        "rounds", "3", "--budget", "200%"
    )
    assert (root / "params.yaml").read_bytes() == before
