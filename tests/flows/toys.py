"""Shared by the tests of flows: make a toy stage behave, and see what happened."""

import json
import os
import subprocess
import textwrap
import time
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from flows.cli import app

PARAMS = """\
# Every number of a run.
ingest:
  data: brain                      # a folder of data/raw
  format: {name: brain}
  noise: {level: medium}           # planted mistakes

correct:
  oracle: {name: ground_truth}

# Rounds of questions
rounds:
  r1: {prev: r0, budget: 5%}
  r2: {prev: r1, budget: 9%}
models:
  r0: {prev: start}
  r1: {prev: r0}
  r2: {prev: r1}
last: r2
x: 1
y: 1
"""


def behave(root: Path, stage: str, code: str) -> None:
    """Let a stage do something before it writes its output."""
    (root / f"{stage}.do").write_text(textwrap.dedent(code))


def executed(root: Path) -> list[str]:
    """The stages that really ran, in order."""
    log = root / "log.txt"
    return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something to become true; returns it."""
    limit = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)
    return answer


def segmend(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def mistake(*words: str) -> str:
    """The sentence of a user's mistake: exit code 2, no traceback."""
    result = segmend(*words)
    assert result.exit_code == 2 and "Traceback" not in result.output
    return result.output


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
        cwd=root,
        check=True,
        capture_output=True,
    )


def into_cache(root: Path, folder: Path) -> str:
    """Store a folder as DVC does; its hash."""

    def store(content: bytes, end: str = "") -> str:
        digest = md5(content).hexdigest() + end
        path = root / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return digest

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": store(path.read_bytes()), "relpath": str(path.relative_to(folder))} for path in files]
    return store(json.dumps(listed).encode(), ".dir")
