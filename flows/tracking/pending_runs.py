"""What is known of a started stage whose lines are not all sent to MLflow yet: kept in its spool folder, across flows."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.engine import spool


class PendingRun:
    """What is known of one started stage, kept beside its spool lines until all is sent."""

    def __init__(self, folder: Path, stage: str, parent: str, tags: dict[str, str]):
        self.folder, self.stage, self.parent, self.tags = folder, stage, parent, tags
        self.run, self.sent, self.begin = "", 0, time.time()
        self.status, self.inputs = "KILLED", dict[str, str]()  # until the stage has ended

    def save(self) -> None:
        content = {key: value for key, value in vars(self).items() if key != "folder"}
        temporary = self.folder / "send.tmp"
        temporary.write_text(json.dumps(content))
        temporary.replace(self.folder / spool.PENDING)

    @classmethod
    def load(cls, path: Path) -> "PendingRun":
        pending = cls(path.parent, "", "", {})
        vars(pending).update(json.loads(path.read_text()))
        return pending

    def start(self, store: Any) -> str:
        tags = {key: value for key, value in self.tags.items() if key.startswith(("mlflow.source.git", "segmend."))}
        late = {"segmend.run": self.run} if self.run else {}
        return str(store.start(self.stage, tags | late | {"segmend.stage": self.stage}, self.parent, self.begin))

    def send(self, store: Any, warn: Callable[[str], None]) -> bool:
        items, end = spool.read(self.folder, self.sent)
        if items:
            store.send(self.run, items, warn)
        if end != self.sent:
            self.sent = end
            self.save()
        return True

    def finish(self, store: Any, warn: Callable[[str], None]) -> bool:
        if self.run.startswith("local-"):
            return False
        self.send(store, warn)
        store.inputs(self.run, self.inputs)
        store.end(self.run, self.status)
        return True
