"""Start one child, pass its lines on as they come, and leave nothing of it behind: time-outs and stops end the whole group."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol


class Process(Protocol):
    """A child that leads its own session: of subprocess.Popen or of the fork server."""

    pid: int

    @property
    def stdout(self) -> IO[Any] | None: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


GUARD = str(Path(__file__).with_name("parent_death.py"))
GRACE = 5.0  # seconds between asking a group to end and killing it


def guarded(module: str, *arguments: str) -> list[str]:
    """The command that runs `python -m module arguments` with this interpreter, to die with this process."""
    return [sys.executable, GUARD, str(os.getpid()), module, *arguments]


def with_own_python(env: dict[str, str]) -> dict[str, str]:
    """The commands of dvc.yaml say `python`: put this interpreter's folder first, whatever is activated outside."""
    return {**env, "PATH": os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])}


def _signal(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # nobody left (macOS says it the second way)
        return False
    return True


def end_group(process: Process, grace: float = GRACE) -> None:
    """Ask every process of the group to end, kill after `grace` seconds. The child must lead its own session."""
    if _signal(process.pid, signal.SIGTERM):
        limit = time.monotonic() + grace
        while time.monotonic() < limit:
            process.poll()  # a dead leader that nobody waited for would count as a member
            if not _signal(process.pid, 0):
                return
            time.sleep(0.05)
        _signal(process.pid, signal.SIGKILL)
    process.wait()


def follow(
    process: Process, on_line: Callable[[str], None], timeout: float | None, stop: threading.Event
) -> tuple[int, bool]:
    """Pass its lines on until it ends, until the time-out (seconds) or until `stop` is set. Returns (exit code, timed out)."""

    def read() -> None:
        for line in process.stdout or ():
            on_line(line.rstrip("\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    limit = None if timeout is None else time.monotonic() + timeout
    timed_out = False
    try:
        while process.poll() is None and not stop.is_set():
            if limit is not None and time.monotonic() > limit:
                timed_out = True
                break
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
    finally:
        end_group(process, GRACE if process.poll() is None else 0.0)
        reader.join(GRACE)  # something that left the group could hold the pipe open for ever
    return process.poll() or 0, timed_out
