"""The toy workspace on which rounds run."""

import pytest

from tests.correct.rounds import prepare


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """First labels, regions and the questions of two rounds; any use of a network fails."""
    prepare(tmp_path, monkeypatch)
    return tmp_path
