"""The command line of every stage: read off the function, honest in its exit codes."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from segmend.stage.command import user_mistakes

ROOT = Path(__file__).resolve().parents[3]
STAGE = """
from pathlib import Path
from segmend.stage.params import Settings
from segmend.stage.command import Waiting, stage

class Params(Settings):
    weight: float = 1.0

@stage
def echo(settings: Params, seed: int, *, source: Path, out: Path) -> dict:
    '''Copy a file.'''
    text = source.read_text()
    if text == "mistake":
        raise ValueError("source holds a mistake: write something else")
    if text == "wait":
        raise Waiting("3 answers are missing in answers.jsonl")
    if text == "defect":
        raise RuntimeError("boom")
    assert not out.exists(), "outputs are emptied first"
    out.mkdir()
    return {"length": len(text), "weight": settings.weight, "seed": seed, "miou": None}

if __name__ == "__main__":
    raise SystemExit(echo())
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "tasks/echo").mkdir(parents=True)
    (tmp_path / "tasks/__init__.py").touch()
    copytree(ROOT / "segmend", tmp_path / "segmend")
    (tmp_path / "tasks/echo/__init__.py").touch()
    (tmp_path / "tasks/echo/__main__.py").write_text(STAGE)
    (tmp_path / "params.yaml").write_text("seed: 5\necho: {weight: 2.5}\n")
    (tmp_path / "spool").mkdir()
    return tmp_path


def call(workspace, text, *more, **env):
    (workspace / "in.txt").write_text(text)
    command = [sys.executable, "-m", "tasks.echo", "--source", "in.txt", "--out", "out", *more]
    path = {"PATH": "/usr/bin:/bin", "SEGMEND_SPOOL": str(workspace / "spool"), **env}
    return subprocess.run(command, cwd=workspace, capture_output=True, text=True, env=path)


def lines(workspace):
    return [json.loads(line) for line in (workspace / "spool/lines.jsonl").read_text().splitlines()]


def test_a_stage_writes_its_metrics_and_its_record(workspace):
    done = call(
        workspace,
        "hello",
        "--metrics",
        "metrics/echo/r2.json",
        "--report",
        "reports/echo/r2.json",
        SEGMEND_RUN_ID="abc",
    )
    assert done.returncode == 0, done.stderr
    numbers = json.loads((workspace / "metrics/echo/r2.json").read_text())
    assert numbers == {"length": 5, "weight": 2.5, "seed": 5, "miou": None}
    record = json.loads((workspace / "reports/echo/r2.json").read_text())
    assert record["mlflow_run_id"] == "abc" and record["metrics"] == numbers and record["seconds"] >= 0
    told = {line["kind"]: line for line in lines(workspace)}
    assert told["params"]["values"] == {"echo.weight": 2.5}
    assert told["metrics"] == {
        "kind": "metrics",
        "values": {"echo.length": 5, "echo.weight": 2.5, "echo.seed": 5},
        "step": 2,
    }
    assert told["outcome"]["exit"] == 0


@pytest.mark.parametrize(
    "text, code, words",
    [("mistake", 2, "source holds a mistake: write something else"), ("wait", 75, "3 answers are missing")],
)
def test_mistakes_and_waiting_are_one_sentence(workspace, text, code, words):
    done = call(workspace, text)
    assert done.returncode == code
    assert words in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    assert lines(workspace)[-1] == {"kind": "outcome", "exit": code, "message": done.stderr.strip()}


def test_a_full_disk_is_one_sentence(workspace):
    """/dev/full takes nothing."""
    (workspace / "m.json").symlink_to("/dev/full")
    done = call(workspace, "hello", "--metrics", "m.json")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert done.stderr.startswith(f"The disk is full: {workspace} could not be written. Free space and run again")


def test_a_defect_shows_its_traceback(workspace):
    done = call(workspace, "defect")
    assert done.returncode == 1 and "RuntimeError: boom" in done.stderr


def test_outputs_are_emptied_first(workspace):
    assert call(workspace, "one").returncode == 0
    assert call(workspace, "two").returncode == 0


def test_an_unknown_setting_is_named(workspace):
    (workspace / "params.yaml").write_text("seed: 5\necho: {wait: 2.5}\n")
    done = call(workspace, "hello")
    assert done.returncode == 2 and "params.yaml, line 2: echo.wait is not a known setting" in done.stderr


def test_help_reads_well(workspace):
    done = call(workspace, "hello", "--help")
    assert done.returncode == 0 and "Copy a file." in done.stdout and "--source PATH" in done.stdout


def test_a_stage_ends_when_its_runner_is_gone(workspace):
    runner = subprocess.Popen(["sleep", "60"])
    code = "import time; from segmend.stage.command import watch_runner; watch_runner(); time.sleep(30)"
    orphan = subprocess.Popen([sys.executable, "-c", code], cwd=workspace, env={"SEGMEND_RUNNER_PID": str(runner.pid)})
    runner.kill()
    runner.wait()
    assert orphan.wait(timeout=20) == 1


def test_of_several_processes_of_torchrun_the_first_writes_and_tells(workspace):
    (workspace / "out").mkdir()  # the first one empties it; the others leave it alone
    for rank in ("1", "0"):
        made = call(
            workspace, "four", "--metrics", "m.json", "--report", "r.json", TORCHELASTIC_RUN_ID="one", RANK=rank
        )
        if rank == "1":
            assert "outputs are emptied first" in made.stderr
            assert not (workspace / "spool/lines.jsonl").exists() and not (workspace / "m.json").exists()
    assert made.returncode == 0 and (workspace / "m.json").is_file() and (workspace / "r.json").is_file()
    assert lines(workspace)


def test_notes_go_into_the_record_and_not_into_the_metrics(workspace):
    stage = workspace / "tasks/echo/__main__.py"
    stage.write_text(
        stage.read_text()
        .replace("    out.mkdir()\n", "    out.mkdir()\n    events.note({'waiting': 0.5})\n", 1)
        .replace("from segmend.stage.command", "from segmend.stage import events\nfrom segmend.stage.command", 1)
    )
    assert call(workspace, "four", "--metrics", "m.json", "--report", "r.json").returncode == 0
    assert json.loads((workspace / "r.json").read_text())["notes"] == {"waiting": 0.5}
    assert "waiting" not in json.loads((workspace / "m.json").read_text())


def test_a_command_that_is_no_stage_ends_as_one(capsys):
    @user_mistakes
    def main(words: list[str] | None = None) -> int:
        if words:
            raise ValueError(f"{words[0]} is not a folder")
        return 0

    assert main() == 0 and main(["x"]) == 2
    assert capsys.readouterr().err == "x is not a folder\n" and main.__name__ == "main"
