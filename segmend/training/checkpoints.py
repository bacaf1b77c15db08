"""The state from which a killed training is resumed, kept outside its outputs (DVC empties those before a stage runs).

.work/<stage>/<hash of settings, code, inputs and machine>/state.pt
                                                           broken.pt   the batch that gave a non-finite loss
"""

from collections.abc import Iterable
from os import environ
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import Any

import torch

from segmend.stage.cache import WORK, Part, digest_of, write_whole

KEPT = 8  # unfinished trainings that are kept; older ones were given up


def seconds() -> float:
    """How often the state is saved: SEGMEND_CHECKPOINT, or every minute."""
    asked = environ.get("SEGMEND_CHECKPOINT", "").strip() or "60"
    if not asked.replace(".", "", 1).isdigit():
        raise ValueError(f"SEGMEND_CHECKPOINT is '{asked}': a number of seconds from 0 is allowed")
    return float(asked)


class Checkpoints:
    """The newest state of one training, replaced in one stroke every SEGMEND_CHECKPOINT seconds (60)."""

    def __init__(self, key: Iterable[Part], stage: str = "train"):
        self.path = WORK / stage / digest_of(key) / "state.pt"
        self.every = seconds()
        self.saved = monotonic()

    @property
    def broken(self) -> Path:
        """Where the batch that gave a non-finite loss is kept."""
        return self.path.with_name("broken.pt")

    def load(self) -> dict[str, Any] | None:
        if not self.path.is_file():
            return None
        return torch.load(self.path, map_location="cpu", weights_only=True)

    def due(self) -> bool:
        return monotonic() - self.saved >= self.every

    def save(self, state: dict[str, Any]) -> None:
        """A reader sees the old state or the new one, never half of one."""
        write_whole(self.path, lambda file: torch.save(state, file))
        self.saved = monotonic()

    def remove(self) -> None:
        """Training is done: nothing is left to go on with. Trainings given up long ago go too."""
        rmtree(self.path.parent, ignore_errors=True)
        others = sorted(self.path.parents[1].glob("*/"), key=newest, reverse=True)
        for folder in others[KEPT:]:
            rmtree(folder, ignore_errors=True)


def newest(folder: Path) -> float:
    """When something was written there last."""
    return max((path.stat().st_mtime for path in folder.glob("*.pt")), default=0.0)
