"""The whole pipeline on toy data: killed and resumed, two at once, pushed and pulled, an experiment."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.pipeline import dvc, edit, git, run, segmend, stale, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def stage_processes(workspace: Path) -> list[int]:
    """Processes that run a stage in this workspace."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = [*(entry / "cmdline").read_bytes().split(b"\0"), (entry / "comm").read_bytes()]
                inside = os.readlink(entry / "cwd") == str(workspace)
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if inside and any(word.startswith(b"tasks.") for word in words):
                pids.append(int(entry.name))
    return pids


def wait_for(condition, seconds: float = 200):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"{condition} was not met within {seconds} s")


def training_alone(workspace: Path) -> tuple[str, ...]:
    """The first training made stale, with nothing to take from the run cache; the command that runs it and no more."""
    shutil.rmtree(workspace / ".dvc/cache/runs")
    edit(workspace, {"train": {"epochs": 2}})
    return ("run", "--no-prefect", "--target", "train@r0")


def test_a_killed_stage_and_a_killed_run_are_resumed(workspace):
    command = training_alone(workspace)
    running = start(workspace, "flows.cli", *command)
    pid = wait_for(lambda: stage_processes(workspace))[0]
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    output = running.communicate(timeout=200)[0]
    assert running.returncode == 1, output
    assert "train@r0" in stale(workspace)

    running = start(workspace, "flows.cli", *command)
    wait_for(lambda: stage_processes(workspace))
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    wait_for(lambda: not stage_processes(workspace), 20)  # a killed run leaves no stage

    segmend(workspace, *command)
    assert "train@r0" not in stale(workspace)


def test_two_runs_at_once_do_the_work_once(workspace):
    edit(workspace, {"report": {}, "evaluate": {"boundary_width": 0.04}})
    first, second = (start(workspace, "flows.cli", "run", "--no-prefect") for _ in range(2))
    outputs = [running.communicate(timeout=300)[0] for running in (first, second)]
    assert first.returncode == second.returncode == 0, outputs
    assert sum("Nothing to do" in output for output in outputs) == 1, outputs


def test_pushed_and_pulled_a_clone_runs_nothing(workspace, tmp_path):
    dvc(workspace, "remote", "add", "--default", "store", str(tmp_path / "store"))
    dvc(workspace, "push", "--run-cache")
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message=made")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(workspace), str(clone))
    dvc(clone, "pull")
    assert stale(clone) == set()
    assert "Nothing to do" in run(clone)


def test_experiments_of_dvc_run(workspace):
    dvc(workspace, "exp", "run", "--set-param", "query.acquisition.name=random", "--name", "random", "query@r1")
    assert "random" in dvc(workspace, "exp", "list", "--name-only")
