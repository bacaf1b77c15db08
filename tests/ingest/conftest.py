"""What ingest keeps between runs lies in a folder of each test."""

import pytest


@pytest.fixture(autouse=True)
def own_work_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("segmend.stage.cache.WORK", tmp_path / ".work")
