"""Shared by the tests of flows: make a toy stage behave, and see what happened."""

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


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
