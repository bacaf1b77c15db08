"""Old names of what tests/toys.py and tests/ingest/runs.py hold."""

from tests.ingest.runs import run, settings, source_of
from tests.toys import picture, save, stripes
from tests.toys import raw_folders as folders

__all__ = ["folders", "picture", "run", "save", "settings", "source_of", "stripes"]
