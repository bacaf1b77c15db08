"""What 1 % more images cost ingest, superpixelize and pseudo_label, against what all of them cost.

    python -m benchmarks.incremental                  3,000 images of 64 x 64 pixels, then 30 more
    python -m benchmarks.incremental --images 30000 --side 32

Each stage is a process of its own, as DVC starts it: outputs are removed first, so every file is written again. Seconds are CPU
seconds of the stage and its workers, start included. Rows in results/incremental.jsonl, table in results/incremental.md. A
measurement that was stopped goes on with the step that it was at (.work/incremental, removed at the end).
"""

from argparse import ArgumentParser
from json import dumps, loads
from os import environ
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import rmtree
from subprocess import run
from sys import executable
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.claims import Claim, cells, kept, write
from benchmarks.inputs_made import save

CODE = Path(__file__).resolve().parents[1]
STAGES = {
    "ingest": ("--raw", "raw", "--out", "dataset", "--out-truth", "truth"),
    "superpixelize": ("--dataset", "dataset", "--truth", "truth", "--out", "regions"),
    "pseudo_label": ("--dataset", "dataset", "--regions", "regions", "--out", "labels"),
}
WORK = CODE / ".work" / "incremental"
PAGE = """# What 1 % more images cost

`python -m benchmarks.incremental --side SIDE`: photographs made up, masks of two classes, no planted mistakes; CPU seconds of
each stage and its workers, with its start (imports). "Again": nothing changed, and yet the stage is run, as after a change of
settings elsewhere. Other work ran on the machine, which makes CPU seconds uneven by a third; the start of a stage, about 1 s, is in
every number.

| images | side | stage | all, first | again | with 1 % more | allowed: 3 % + 3 s | seconds on the clock (first, more) |
|---|---|---|---|---|---|---|---|
{rows}
"""


def make(folder: Path, first: int, last: int, side: int) -> None:
    rng = np.random.default_rng(first)
    for k in range(first, last):
        small = rng.integers(0, 256, (side // 16, side // 16, 3), dtype=np.uint8)
        image = np.asarray(Image.fromarray(small).resize((side, side))) ^ rng.integers(
            0, 8, (side, side, 3), dtype=np.uint8
        )
        save(image, folder / "images" / f"{k:05d}.png")
        mask = np.zeros((side, side), np.uint8)
        mask[side // 8 : side // 2, k % (side // 2) : k % (side // 2) + side // 3] = 1
        save(mask, folder / "masks" / f"{k:05d}.png")
    (folder / "classes.json").write_text('{"classes": ["ground", "cell"]}')


def timed(here: Path, stage: str) -> tuple[float, float]:
    """CPU seconds and seconds on the clock of one run of a stage."""
    before, begin = getrusage(RUSAGE_CHILDREN), perf_counter()
    command = [executable, "-m", f"tasks.{stage}", *STAGES[stage]]
    run(
        command,
        cwd=here,
        check=True,
        capture_output=True,
        env={**environ, "PYTHONPATH": str(CODE), "OMP_NUM_THREADS": "1"},
    )
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, perf_counter() - begin


def measure(images: int, side: int) -> dict[str, Any]:
    here = WORK / f"{images}_{side}"
    notes = here / "done.json"
    row: dict[str, Any] = loads(notes.read_text()) if notes.is_file() else {}
    if row.get("begun") == "more":  # what was kept of the new images would be found again
        rmtree(here)
        row = {}
    here.mkdir(parents=True, exist_ok=True)
    method = {"name": "slic", "slic": {"regions": max(20, side * side // 110), "sigma": 0}}
    ingest = {"data": "raw", "format": {"name": "folders"}, "noise": {"level": "none"}}
    labeller = {"labeller": {"name": "given"}}
    settings = {"seed": 0, "ingest": ingest, "superpixelize": {"method": method}, "pseudo_label": labeller}
    (here / "params.yaml").write_text(dumps(settings))
    if not row:
        make(here / "raw", 0, images, side)
    for step in ("first", "again", "more"):
        if step == "more":
            row["begun"] = step
            notes.write_text(dumps(row))
            make(here / "raw", images, images + images // 100, side)
        for stage in STAGES:
            if f"{stage}_{step}" in row:
                continue
            if step == "first":
                rmtree(here / ".work" / stage, ignore_errors=True)
            cpu, clock = timed(here, stage)
            row[f"{stage}_{step}"], row[f"{stage}_{step}_clock"] = round(cpu, 2), round(clock, 2)
            notes.write_text(dumps(row))
            print(stage, step, row[f"{stage}_{step}"], flush=True)
    rmtree(here)
    return {name: value for name, value in row.items() if name != "begun"}


def page() -> None:
    lines, claims = [], []
    for row in kept("incremental"):
        for stage in STAGES:
            first, more = row[f"{stage}_first"], row[f"{stage}_more"]
            allowed = 0.03 * first + 3
            lines.append(
                f"| {row['images']:,} | {row['side']} | {stage} | {first:.1f} | {row[f'{stage}_again']:.1f} | {more:.2f} | {allowed:.2f} | "
                f"{row[f'{stage}_first_clock']:.1f}, {row[f'{stage}_more_clock']:.1f} |"
            )
            text = f"{stage}: {row['images'] // 100} images more than {row['images']:,} of {row['side']} x {row['side']}, CPU seconds"
            claims.append(Claim(text, f"at most {allowed:.2f}", more, 1, None, more <= allowed))
    write("incremental", claims, PAGE.format(rows="\n".join(lines)))


def main() -> None:
    parser = ArgumentParser("python -m benchmarks.incremental", description=__doc__)
    parser.add_argument("--images", type=int, default=3000)
    parser.add_argument("--side", type=int, default=64)
    chosen = parser.parse_args()
    cells("incremental", [{"images": chosen.images, "side": chosen.side}], measure)
    page()


if __name__ == "__main__":
    main()
