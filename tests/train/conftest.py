"""A toy workspace to train in, on one thread of the CPU."""

from pathlib import Path

import pytest

from tests.toys import shapes


@pytest.fixture
def toy(tmp_path, monkeypatch) -> Path:
    for name, value in (("PRECISION", "fp32"), ("WORKERS", "1"), ("DEVICE", "cpu")):
        monkeypatch.setenv(f"SEGMEND_{name}", value)
    monkeypatch.chdir(shapes(tmp_path))
    return tmp_path
