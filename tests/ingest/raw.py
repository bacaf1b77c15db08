"""Short ways to ingest raw data; old names of what tests/toys.py makes."""

from pathlib import Path

from segmend.stage.params import validated
from tasks.ingest.__main__ import ingest
from tasks.ingest.recognition import read
from tasks.ingest.settings import Params
from tests.toys import picture, save, stripes
from tests.toys import raw_folders as folders

__all__ = ["folders", "picture", "run", "save", "settings", "source_of", "stripes"]


def settings(format: str, **more) -> Params:
    block = more.pop("fields", None)
    chosen = {"name": format} if block is None else {"name": format, format: block}
    return validated(Params, {"data": "set", "format": chosen, **more}, "ingest")


def run(params: Params, raw: Path, to: Path, seed: int = 0) -> dict:
    return ingest.stage(params, seed, raw=raw, out=to / "dataset", out_truth=to / "truth")


def source_of(params: Params, raw: Path, seed: int = 0):
    return read(params, raw, seed)
