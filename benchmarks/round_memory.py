"""Does a round of questions hold all images in memory? Peak memory of the stages query and correct on 100 and 1,000 images.

    python -m benchmarks.round_memory
    python -m benchmarks.round_memory --images 20 40 --repetitions 1    a quick look; makes no claims

Toy images of 256 x 256 pixels, the recipe segmend (conflict, expected_gain, evidence). Each stage runs in a process of its own,
and its peak is what the operating system says of that process.
"""

import sys
from os import environ
from pathlib import Path
from statistics import mean
from subprocess import run
from time import monotonic
from typing import Any

from benchmarks.claims import Claim, arguments, cells, kept, plus_minus, spread, write

# Nothing large is imported here: a process begins with the peak of the one that started it.
ROOT = Path(__file__).resolve().parents[1]
SIZES, STAGES = (100, 1000), ("query", "correct")
BUDGETS = ("500", "5%")  # what people can answer in a day; and a share, which grows with the images
SIDE, REGIONS = 256, 250

PAGE = """# Does a round of questions hold all images in memory?

`python -m benchmarks.round_memory`: peak memory (resident set) of the stages query and correct with the recipe segmend, on toy images of
{side} x {side} pixels with about {regions} base cells each, 60 % of them train images; each stage in a process of its own, one thread, one worker.
{more} images more would take {all:.0f} MB for the pixels and probabilities of the train images alone, were they held. What does grow
are the region table (a row for each region that could be asked) and, where the budget is a share of the cells, questions and answers.

| stage | budget | images | peak, MB | seconds | questions |
|---|---|---|---|---|---|
{rows}
"""


def cell(images: int) -> Any:
    """Data, labels and the network of round 0; as many training steps for many images as for few."""
    from benchmarks import rounds_in_process as place

    place.DATA[f"toy-{images}"] = {
        "ingest": {
            "data": f"toy-{images}",
            "format": {"name": "toy", "toy": {"images": images, "size": [SIDE, SIDE]}},
            "noise": {"level": "medium"},
        },
        "superpixelize": {"method": {"name": "slic", "slic": {"regions": REGIONS}}},
        "train": {"epochs": max(1, max(SIZES) // images)},
    }
    return place.Cell(f"toy-{images}", 0, "memory", place.experiment("segmend"))


def alone(stage: str, images: int, budget: str) -> None:
    """The body of one process: a stage of round 1, or what comes before it; then what it took, on the last line."""
    from json import dumps
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
    from shutil import rmtree

    here = cell(images)
    begin, found = monotonic(), dict[str, Any]()
    here.ready()
    start, place = here.start, here.place / budget.rstrip("%")
    same = {
        "round": "r1",
        "dataset": here.fixed["dataset"],
        "labels": start / "labels/r0",
        "model": start / "models/r0",
    }
    same["regions"] = here.base / "regions"
    if stage == "query":
        rmtree(place, ignore_errors=True)
        found = here.run(stage, **same, out=place / "queries", budget=budget)
    elif stage == "correct":
        paths = {"truth": here.fixed["truth"], "first": start / "labels/r0", "answers": place / "none.jsonl"}
        found = here.run(stage, **same, **paths, queries=place / "queries", out=place / "labels")
    kilobytes = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    kilobytes //= 1024 if sys.platform == "darwin" else 1  # there it is counted in bytes
    told = {"kilobytes": kilobytes, "seconds": round(monotonic() - begin, 1), "asked": found.get("asked")}
    print(dumps(told))


def process(stage: str, images: int, budget: str) -> dict[str, Any]:
    from json import loads

    code = f"from benchmarks.round_memory import alone; alone({stage!r}, {images}, {budget!r})"
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SEGMEND_WORKERS": "1"}
    done = run([sys.executable, "-c", code], cwd=ROOT, env={**environ, **own}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{stage} on {images} images stopped:\n{done.stderr}")
    return loads(done.stdout.splitlines()[-1])


def measure(images: int, budget: str, repetition: int) -> dict[str, Any]:
    process("before", images, budget)
    return {stage: process(stage, images, budget) for stage in STAGES}


def claims(rows: list[dict[str, Any]]) -> list[Claim]:
    found = []
    for budget in BUDGETS:
        runs = {(row["images"], row["repetition"]): row for row in rows if row["budget"] == budget}
        pairs = [
            (runs[SIZES[0], r], runs[SIZES[1], r]) for n, r in sorted(runs) if n == SIZES[0] and (SIZES[1], r) in runs
        ]
        for stage in STAGES if pairs else ():
            ratios = [many[stage]["kilobytes"] / few[stage]["kilobytes"] for few, many in pairs]
            text = f"{stage}, budget {budget}: peak memory on {SIZES[1]:,} images over that on {SIZES[0]}"
            held = max(ratios) <= 1.10
            found.append(Claim(text, "at most 1.10", mean(ratios), len(ratios), spread(ratios), held))
    return found


def table(rows: list[dict[str, Any]]) -> str:
    lines = []
    for stage in STAGES:
        for budget, images in sorted({(row["budget"], row["images"]) for row in rows}):
            runs = [row[stage] for row in rows if (row["budget"], row["images"]) == (budget, images)]
            peak, seconds = (
                plus_minus([one[name] / by for one in runs], 0) for name, by in (("kilobytes", 1024), ("seconds", 1))
            )
            lines.append(f"| {stage} | {budget} | {images} | {peak} | {seconds} | {runs[0]['asked']} |")
    return "\n".join(lines)


def main() -> None:
    chosen = arguments(
        "round_memory",
        __doc__,
        images={"nargs": "+", "type": int, "default": list(SIZES)},
        repetitions={"type": int, "default": 3},
    )
    wanted = [
        {"images": images, "budget": budget, "repetition": repetition}
        for repetition in range(chosen.repetitions)
        for budget in BUDGETS
        for images in chosen.images
    ]
    if chosen.images != list(SIZES):
        print(table([one | measure(**one) for one in wanted]))
        return
    cells("round_memory", wanted, measure)
    rows, more = kept("round_memory"), SIZES[1] - SIZES[0]
    bytes_each = SIDE * SIDE * (3 + 4 * 4)  # an image in colour, and four classes in float32
    page = PAGE.format(side=SIDE, regions=REGIONS, more=more, all=0.6 * more * bytes_each / 2**20, rows=table(rows))
    write("round_memory", claims(rows), page)


if __name__ == "__main__":
    main()
