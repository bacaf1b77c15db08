"""The folder in which a stage reports to the process that started it: one JSON object per line in lines.jsonl.

Stages write (segmend/stage/events.py), the runner reads the outcome and the progress, flows/tracking/mlflow_store.py sends the rest to
MLflow. A folder with send.json in it belongs to tracking, which may keep it for a later flow; others end with the stage.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

LINES = "lines.jsonl"
PENDING = "send.json"


def make(root: Path, session: str, stage: str, attempt: int) -> Path:
    """A new folder for one start of one stage."""
    folder = root / ".work" / "tracking" / session / (stage if attempt == 0 else f"{stage}~{attempt}")
    folder.mkdir(parents=True)
    return folder


def drop(folder: Path) -> None:
    """Remove a folder, and the session's when this was its last."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()
    except OSError:  # another stage's folder is still there
        return


def read(folder: Path, offset: int) -> tuple[list[dict], int]:
    """The whole lines after byte `offset`, and where they end. A line that is no JSON object (a killed stage) is passed over."""
    path = folder / LINES
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    data = data[: data.rfind(b"\n") + 1]
    items = []
    for line in data.splitlines():
        try:
            item = json.loads(line)
        except ValueError:
            continue
        if isinstance(item, dict):
            items.append(item)
    return items, offset + len(data)


class Tail:
    """Calls `on_item` for each line while a stage runs; remembers the outcome line, as dvc hides the exit code."""

    def __init__(self, folder: Path, on_item: Callable[[dict], None]):
        self.outcome: dict | None = None
        self._folder, self._on_item, self._offset = folder, on_item, 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Tail":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()
        self._pass_on()

    def _follow(self) -> None:
        while not self._done.is_set():
            self._pass_on()
            time.sleep(0.1)

    def _pass_on(self) -> None:
        items, self._offset = read(self._folder, self._offset)
        for item in items:
            if item.get("kind") == "outcome":
                self.outcome = item
            self._on_item(item)
