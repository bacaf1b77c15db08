"""A forked stage is what a started one is: arguments, folder, environment, output, exit functions, exit code."""

import ctypes
import json
import os
import shlex
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import child_process
from flows.engine.fork_server import SHELL, ForkServer, module_of
from flows.engine.runner import Listener, Runner

PR_SET_CHILD_SUBREAPER = 36
STAGE = """
import atexit, json, os, sys
from pathlib import Path

out = Path(sys.argv[2])
content = {"arguments": sys.argv[1:], "name": __name__, "package": __spec__.name, "folder": os.getcwd(), "path": sys.path[0]}
content |= {"forked": "flows.engine.fork_server" in sys.modules, "stage": os.environ["DVC_STAGE"], "spool": "SEGMEND_SPOOL" in os.environ}
print("to standard output")
print("to standard error", file=sys.stderr)
atexit.register(lambda: out.with_suffix(".ended").write_text("yes"))
out.write_text(json.dumps(content))
code = Path("code.txt").read_text()
sys.exit(int(code) if code.isdigit() else code)
"""
DVC = """
stages:
  ours: {cmd: "python -m tasks.ours --out 'a folder.json'", deps: [code.txt], outs: [a folder.json]}
  shell: {cmd: "python -m tasks.ours --out b.json && echo done", deps: [a folder.json], outs: [b.json]}
"""


@pytest.fixture
def workspace(toy: Path) -> Path:
    (toy / "tasks/ours").mkdir(parents=True)
    (toy / "tasks/__init__.py").touch()
    (toy / "tasks/ours/__main__.py").write_text(STAGE)
    (toy / "dvc.yaml").write_text(DVC)
    (toy / "code.txt").write_text("0")
    return toy


def test_a_stage_is_forked_and_a_shell_line_is_not(workspace: Path):
    lines: dict[str, list[str]] = {}

    class Watch(Listener):
        def line(self, stage: str, text: str) -> None:
            lines.setdefault(stage, []).append(text)

    with Runner(workspace, say=lambda text: None) as runner:
        outcomes = runner.run_all(runner.plan(), [Watch()])
    assert {name: outcome.what for name, outcome in outcomes.items()} == {"ours": "Completed", "shell": "Completed"}
    forked, started = (json.loads((workspace / name).read_text()) for name in ("a folder.json", "b.json"))
    assert forked["forked"] and not started["forked"]
    alike = ("name", "package", "folder", "path", "spool")
    assert [forked[key] for key in alike] == [started[key] for key in alike]
    assert forked["arguments"] == ["--out", "a folder.json"] and forked["stage"] == "ours"
    assert forked["package"] == "tasks.ours.__main__" and forked["folder"] == str(workspace.resolve())
    assert lines["ours"] == ["to standard output", "to standard error"] and lines["shell"][-1] == "done"
    assert (workspace / "a folder.ended").exists() and (workspace / "b.ended").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
def test_no_process_is_left_where_dvc_runs_nothing(workspace: Path):
    subreaper = ctypes.CDLL(None).prctl
    subreaper(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # as the first process of a container: orphans become ours
    before = set(psutil.Process().children())
    server = ForkServer(workspace, child_process.with_own_python(dict(os.environ)))
    try:
        asked = server.dvc(["version"], dict(os.environ))
        assert asked.stdout is not None and asked.stdout.read() and asked.wait() == 0
        assert [child.pid for child in set(psutil.Process().children()) - before] == [server._process.pid]
    finally:
        server.close()
        subreaper(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.mark.parametrize("code", ["3", "a sentence"])
def test_exit_codes_are_those_of_a_process(workspace: Path, code: str):
    (workspace / "code.txt").write_text(code)
    with Runner(workspace, say=lambda text: None) as runner:
        outcome = runner.run_all(runner.plan())["ours"]
    assert outcome.what == "Failed" and f"exited with {code if code.isdigit() else 1}" in outcome.tail[-1]
    assert code.isdigit() or code in outcome.tail


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1), max_size=4))
def test_a_command_is_forked_only_if_a_shell_would_give_the_same_words(words: list[str]):
    line = "python -m tasks.train " + " ".join(map(shlex.quote, words))
    found = module_of(line)
    assert found == ([] if SHELL & set(line) else ["tasks.train", *words])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "python",
        "python -m",
        "python -m other",
        "python x.py",
        "A=1 python -m tasks.train",
        "python -m tasks.train > log",
    ]
    + [
        "python -m tasks.train; rm x",
        "python -m tasks.train & true",
        "python -m tasks.train 'open",
        "python -m tasks.train $HOME",
    ],
)
def test_other_commands_are_the_shell_s(line: str):
    assert module_of(line) == []
