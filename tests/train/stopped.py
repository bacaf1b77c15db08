"""A training that is stopped in the midst of it and begun again, in this process."""

from pathlib import Path

import pytest

from tasks.train.engine.step import TrainStep
from tasks.train.settings import Params
from tests.train.runs import run


class Stop(Exception):
    """Not one of the errors that anything catches."""


def stopped_and_resumed(
    monkeypatch: pytest.MonkeyPatch, root: Path, settings: Params, name: str, after: int = 4
) -> dict:
    """The metrics of the training that went on from the state after step `after`."""
    plain = TrainStep.step

    def step(self, parts, progress):
        if self.state.step == after:
            raise Stop
        return plain(self, parts, progress)

    with monkeypatch.context() as patch:
        patch.setenv("SEGMEND_CHECKPOINT", "0")
        patch.setattr(TrainStep, "step", step)
        with pytest.raises(Stop):
            run(root, settings, name)
    return run(root, settings, name)
