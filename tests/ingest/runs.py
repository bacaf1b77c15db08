"""Short ways to ingest raw data in a test."""

from pathlib import Path

from segmend.stage.params import validated
from tasks.ingest.__main__ import ingest
from tasks.ingest.recognition import read
from tasks.ingest.settings import Params


def settings(format: str, **more) -> Params:
    block = more.pop("fields", None)
    chosen = {"name": format} if block is None else {"name": format, format: block}
    return validated(Params, {"data": "set", "format": chosen, **more}, "ingest")


def run(params: Params, raw: Path, to: Path, seed: int = 0) -> dict:
    return ingest.stage(params, seed, raw=raw, out=to / "dataset", out_truth=to / "truth")


def source_of(params: Params, raw: Path, seed: int = 0):
    return read(params, raw, seed)
