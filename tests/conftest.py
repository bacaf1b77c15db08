"""What all tests share: the order in which they start, and a workspace in which the whole pipeline ran once."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from segmend.images.dataset import Dataset
from tests.pipeline import run

FIRST = ("test_pipeline.py", "test_pipeline_interrupted.py", "test_recipes.py")
LAST = ("flows/orchestration/", "flows/")  # the longest of them first


def pytest_configure():
    """What the environment may have set and every process that tests start would take over.

    A shell that starts the tests in the background lets them ignore Ctrl-C, and some containers keep Python from storing what it
    compiled: each stage of each workspace would compile the project anew.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_addoption(parser):
    parser.addoption(
        "--made", type=Path, help="--made=PATH: a workspace in which the toy pipeline ran; it is not run again"
    )


def position(item) -> int:
    for start, names in ((0, FIRST), (len(FIRST) + 1, LAST)):
        for k, name in enumerate(names):
            if name in item.nodeid:
                return start + k
    return len(FIRST)


def pytest_collection_modifyitems(items):
    """Files that take minutes come first, so that the second of two workers has the rest to do meanwhile.

    Tests of flows come last: they load libraries with threads, and readers of training data are forked from the same process.
    """
    items.sort(key=position)


@pytest.fixture(scope="session")
def made(tmp_path_factory, pytestconfig) -> Path:
    """A workspace in which everything ran once; of several test processes the first makes it, and each has a copy."""
    if workspace := pytestconfig.getoption("made"):
        return workspace.resolve()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    first, ready = shared / "made", shared / "made.ready"
    with FileLock(shared / "made.lock"):
        if not ready.exists():
            first.mkdir()
            from tests import toys  # not above: jaxtyping's hook checks what is imported after conftest.py

            run(toys.clone(first))
            ready.touch()
    workspace = tmp_path_factory.mktemp("made") / "workspace"
    shutil.copytree(first, workspace, symlinks=True)
    return workspace


@pytest.fixture
def workspace(made, tmp_path) -> Path:
    """A copy of it that a test may change."""
    copy = tmp_path / "workspace"
    shutil.copytree(made, copy, symlinks=True)
    return copy


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """The ids of the images that were decoded."""
    names, image = list[str](), Dataset.image
    monkeypatch.setattr(Dataset, "image", lambda self, name: names.append(name) or image(self, name))
    return names
