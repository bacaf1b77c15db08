"""One cell of a benchmark: the stages' own functions, called one after the other without DVC, which would cost a minute a cell.

What cells have in common (data, planted mistakes, superpixels, the network of round 0) is made once per data set and seed in a
folder of the temporary directory and found there again. Its name holds a hash of the settings it was made with, so that changed
settings find no old files. A change of code is not in it: then empty the folder.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from json import dumps, loads
from os import chdir, environ
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import gettempdir
from time import monotonic
from typing import Any

from filelock import FileLock, Timeout
from ruamel.yaml import YAML

from benchmarks.claims import RESULTS
from segmend.stage.params import validated
from tasks.correct.__main__ import correct
from tasks.evaluate.__main__ import evaluate
from tasks.ingest.__main__ import ingest
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.query.__main__ import query
from tasks.superpixelize.__main__ import superpixelize
from tasks.train.__main__ import train

ROOT = Path(__file__).resolve().parents[1]
WORK = Path(gettempdir()) / "segmend-benchmark-cells"
STAGES = {
    stage.stage.__name__: stage for stage in (ingest, superpixelize, pseudo_label, train, query, correct, evaluate)
}
# About 200 steps each: enough for the small U-Net to see what the labels mean, and 20 seconds on one core.
FOLDERS: dict[str, Any] = {"format": {"name": "folders"}, "noise": {"level": "medium"}}
DATA: dict[str, dict[str, Any]] = {
    "brain": {"ingest": {"data": "brain", "noise": {"level": "medium"}}, "train": {"epochs": 12}},
    "superalloy": {"ingest": {"data": "superalloy", **FOLDERS}, "train": {"epochs": 20}},
    "nuclei": {"ingest": {"data": "nuclei", **FOLDERS}, "train": {"epochs": 10}},
}
NUCLEI = 80  # train images; all 200 would take half an hour a cell
# Cross entropy and plain gradients, which most papers have; arms that learn otherwise say so.
PLAINLY: dict[str, Any] = {
    "loss": {"name": "cross_entropy", "cross_entropy": {"weights": "sqrt_inverse"}},
    "gradients": [],
}
QUIET = {
    "train": {"use": "last", "validate_every": 10_000, "watch": 0, **PLAINLY},
    "evaluate": {"pictures": 1, "strip": 1},
}


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Nested settings, later ones over earlier ones."""
    both_merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(both_merged.get(key), dict)
            both_merged[key] = merged(both_merged[key], value) if both else value
    return both_merged


def mark(*parts: Any) -> str:
    """A short hash of settings."""
    return sha256(dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def experiment(name: str) -> dict[str, Any]:
    return dict(YAML(typ="safe").load(ROOT / f"experiments/{name}.yaml"))


def departed_from() -> dict[str, Any]:
    """Settings of the stages that every benchmark departs from, experiments/brain.yaml: rows stay comparable when params.yaml changes."""
    return {**{name: {} for name in STAGES}, **experiment("brain")}


def enter() -> None:
    """Go where cells are made: what stages keep while they run stays out of the project."""
    WORK.mkdir(exist_ok=True)
    chdir(WORK)


def raw(data: str) -> Path:
    """The raw data: the project's own, or from ../shared/data beside it, or from SEGMEND_BENCH_DATA."""
    own = ROOT / "data/raw" / data
    place = own if own.is_dir() else Path(environ.get("SEGMEND_BENCH_DATA", ROOT.parent / "shared/data")) / data
    if data != "nuclei":
        return place
    made = WORK / "raw" / f"nuclei-{NUCLEI}"
    if not made.is_dir():
        half = made.with_name("half")
        rmtree(half, ignore_errors=True)
        copytree(place, half, ignore=lambda *_: ["masks_original"])
        head, *rows = (half / "splits.csv").read_text().splitlines()
        train_rows = [row for row in rows if row.split(",")[1] == "train"]
        for row in train_rows[NUCLEI:]:
            for folder in ("images", "masks"):
                next((half / folder).glob(f"{row.split(',')[0]}.*")).unlink()
        dropped = set(train_rows[NUCLEI:])
        (half / "splits.csv").write_text("\n".join([head, *(row for row in rows if row not in dropped)]) + "\n")
        half.rename(made)
    return made


class Cell:
    """A data set with planted mistakes, and one arm on it; `rounds()` yields a row of numbers a round."""

    table = DATA  # settings of each data set

    def __init__(self, data: str, seed: int, arm: str, settings: dict[str, Any]):
        common = merged(departed_from(), self.table[data], QUIET)
        self.settings = merged(common, settings)
        self.common, self.seed, self.data = common, seed, data
        # Arms whose first stages have equal settings share data and start.
        data_of, start_of = (
            mark(*(self.settings[stage] for stage in some))
            for some in (("ingest", "superpixelize"), ("pseudo_label", "train", "evaluate"))
        )
        self.base = WORK / f"{data}-{seed}-{data_of}"
        self.start = self.base / f"start-{start_of}"
        self.place = WORK / f"{data}-{seed}-{arm}-{mark(self.settings)}"

    def run(self, stage: str, **paths: Any) -> dict[str, Any]:
        return STAGES[stage].stage(self.checked(stage), self.seed, **paths)

    def checked(self, stage: str) -> Any:
        """The stage's settings, as it gets them."""
        return validated(STAGES[stage].stage.__annotations__["settings"], self.settings[stage], stage)

    def raw(self) -> Path:
        """The folder of raw data."""
        return raw(self.data)

    def ready(self) -> None:
        """Make what is shared with other cells, unless it is there."""
        enter()
        self.prepare()

    def prepare(self) -> None:
        """Data and superpixels, then labels and network of round 0, each unless it is there."""
        base, start = self.base, self.start
        self.fixed = {"dataset": base / "dataset", "truth": base / "truth"}
        if not (base / "done").exists():
            rmtree(base, ignore_errors=True)
            self.run("ingest", raw=self.raw(), out=base / "dataset", out_truth=base / "truth")
            self.run("superpixelize", **self.fixed, out=base / "regions")
            (base / "done").touch()
        if not (start / "done").exists():
            rmtree(start, ignore_errors=True)
            self.run("pseudo_label", dataset=base / "dataset", regions=base / "regions", out=start / "labels/r0")
            (start / "scores/start").mkdir(parents=True)
            (start / "scores/start/rounds.json").write_text("[]")
            self.teach(start, start, 0)
            (start / "done").touch()

    def teach(self, before: Path, here: Path, number: int) -> None:
        """Train on the labels of a round and score it."""
        name, labels = f"r{number}", here / f"labels/r{number}"
        curves = here / f"curves/{name}.csv"
        self.run("train", dataset=self.fixed["dataset"], labels=labels, out=here / f"models/{name}", out_curves=curves)
        past = before / (f"scores/r{number - 1}" if number else "scores/start")
        self.run(
            "evaluate", round=name, **self.fixed, labels=labels, model=here / f"models/{name}", before=past,
            regions=self.base / "regions", out=here / f"scores/{name}",
        )  # fmt: skip

    def rounds(self, number: int, budget: str | Sequence[str]) -> list[dict[str, Any]]:
        """Rounds 1 to `number`, each with this budget, or with its own of a list; one row each, round 0 first."""
        self.ready()
        rmtree(self.place, ignore_errors=True)
        self.place.mkdir(parents=True)
        forecasts: list[dict[str, Any]] = [{}]
        for k in range(1, number + 1):
            begin = monotonic()
            before, here = (self.start if k == 1 else self.place), self.place
            labels, model = before / f"labels/r{k - 1}", before / f"models/r{k - 1}"
            asked = self.run(
                "query", round=f"r{k}", dataset=self.fixed["dataset"], regions=self.base / "regions", labels=labels,
                model=model, out=here / f"queries/r{k}", budget=budget if isinstance(budget, str) else budget[k - 1],
            )  # fmt: skip
            answered = self.run(
                "correct", round=f"r{k}", **self.fixed, first=self.start / "labels/r0", labels=labels,
                queries=here / f"queries/r{k}", answers=here / "none.jsonl", regions=self.base / "regions", model=model,
                out=here / f"labels/r{k}",
            )  # fmt: skip
            self.teach(before, here, k)
            kept = {
                key: asked[key]
                for key in ("asked", "cells", "expected_fixed", "experience", "asked_pixels", "asked_at_random")
            }
            kept |= {key: value for key, value in asked.items() if key.startswith("shown/")}
            kept |= {key: answered[key] for key in answered if key.startswith(("pixels_", "auto_")) and "/" not in key}
            forecasts.append({**kept, "round_seconds": round(monotonic() - begin, 1)})
        scores = loads((self.place / f"scores/r{number}/rounds.json").read_text())
        return [{**row, **forecast} for row, forecast in zip(scores, forecasts, strict=True)]

    def remove(self) -> None:
        """The cell's own files; what cells share stays."""
        rmtree(self.place, ignore_errors=True)


def take(
    name: str,
    wanted: Iterable[dict[str, Any]],
    rows: Callable[[], list[dict[str, Any]]],
    cell_of: Callable[..., Cell],
    measure: Callable[..., dict[str, Any]],
    called: Callable[[dict[str, Any]], str] = lambda cell: cell["arm"],
) -> None:
    """Measure every wanted cell (data, arm, seed) that has no row yet, and keep its row in results/NAME.jsonl.

    Several processes may do this side by side: a cell in work (locked by its data, `called` and seed) is left to the one
    that works on it; what cells of one data set and seed share is made by the first, and the others wait for it.
    """
    WORK.mkdir(exist_ok=True)
    for cell in wanted:
        try:
            with FileLock(WORK / f"{cell['data']}-{called(cell)}-{cell['seed']}.lock").acquire(timeout=0):
                if any(all(row[key] == value for key, value in cell.items()) for row in rows()):
                    continue
                with FileLock(WORK / f"{cell['data']}-{cell['seed']}.lock"):
                    cell_of(**cell).ready()
                print("measuring", cell, flush=True)
                row = {**cell, **measure(**cell)}
                with FileLock(WORK / "rows.lock"), (RESULTS / f"{name}.jsonl").open("a") as file:
                    file.write(dumps(row) + "\n")
        except Timeout:
            continue
