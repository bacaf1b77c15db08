"""`segmend run` started from the page, one at a time; its lines go into a file, which any number of windows follow."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

from annotate.workspace import WORK

COMMAND = (sys.executable, "-m", "flows.cli", "run")
LARGEST = 2_000  # characters of a line that are shown


class Run:
    """The run of the pipeline."""

    def __init__(self, root: Path, command: tuple[str, ...] = COMMAND):
        self.root, self.command = root, command
        self.log = root / WORK / "run.log"
        self._child: subprocess.Popen | None = None
        self._guard = Lock()

    @property
    def state(self) -> str:
        """none, running, done, waiting (for answers), stopped or failed."""
        if self._child is None:
            return "none"
        code = self._child.poll()
        return {None: "running", 0: "done", 75: "waiting", 130: "stopped"}.get(code, "failed")

    def start(self) -> bool:
        """Start it; False where it runs already."""
        with self._guard:
            if self.state == "running":
                return False
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("wb") as log:
                self._child = subprocess.Popen(
                    self.command,
                    cwd=self.root,
                    env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100", "NO_COLOR": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            return True

    def stop(self) -> None:
        """Ask it to end as Ctrl-C does: what is finished is kept."""
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGINT)

    def follow(
        self, start: int, seconds: float = 0.3, stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[int, str]]:
        """(offset behind it, line) from a byte offset on, until the run has ended; an empty line about every 15 s says we live."""
        place, spoken = start, monotonic()
        while not stopping():
            ended = self.state != "running"
            content = b""
            if self.log.is_file():
                with self.log.open("rb") as file:
                    file.seek(place)
                    content = file.read(1 << 20)
            lines = content.splitlines(keepends=True)
            if lines and not ended and not lines[-1].endswith(b"\n"):
                lines.pop()  # not whole yet
            for line in lines:
                place, spoken = place + len(line), monotonic()
                yield place, line.decode(errors="replace").rstrip()[:LARGEST]
            if ended and not lines:
                return
            if not lines:
                if monotonic() - spoken > 15:
                    spoken = monotonic()
                    yield place, ""
                sleep(seconds)
