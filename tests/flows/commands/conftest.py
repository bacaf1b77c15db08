"""The workspace that commands are tested in."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def two_rounds(tmp_path: Path) -> Path:
    """A workspace as it is shipped, with labels of two rounds."""
    for shipped in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / shipped, tmp_path)
    for name in ("r0", "r1"):
        (tmp_path / "data/labels" / name).mkdir(parents=True)
    return tmp_path
