"""Does a round of questions hold all images in memory? Peaks of query and correct on 100 and 1,000 images.

    python -m benchmarks.round_memory
    python -m benchmarks.round_memory --images 20 40 --repetitions 1    a quick look; makes no claims

Toy images of 256 x 256 pixels, the recipe segmend (conflict, expected_gain, evidence). Each stage runs in a process of
its own that imports what the stage imports and no more; its peak is what the operating system says of that process.
"""

import sys
from json import dumps, loads
from os import environ
from pathlib import Path
from shutil import rmtree
from statistics import mean
from subprocess import run
from time import monotonic, process_time
from typing import Any

from benchmarks.claims import Claim, arguments, cells, kept, plus_minus, spread, write

# Nothing large is imported here: a process begins with the peak of the one that started it.
ROOT = Path(__file__).resolve().parents[1]
SIZES, STAGES = (100, 1000), ("query", "correct")
BUDGETS = ("500", "5%")  # what people can answer in a day; and a share, which grows with the images
SIDE, REGIONS = 256, 250

PAGE = """# Does a round of questions hold all images in memory?

`python -m benchmarks.round_memory`: peak memory (resident set) of the stages query and correct with the recipe segmend,
on toy images of {side} x {side} pixels with about {regions} base cells each, 60 % of them train images; each stage in a
process of its own, one thread, one worker. {more} images more would take {all:.0f} MB for the pixels and probabilities
of the train images alone, were they held. What does grow are the region table (a row for each region that could be
asked) and, where the budget is a share of the cells, questions and answers.

| stage | budget | images | peak, MB | after imports, MB | seconds | questions |
|---|---|---|---|---|---|---|
{rows}
"""


def prepare(images: int, name: str = "", recipe: str = "segmend") -> dict[str, Any]:
    """Data, labels and the network of round 0, as many training steps for many images as for few; where all that is."""
    from benchmarks import rounds_in_process as place

    name = name or f"toy-{images}"
    # Toy images are drawn, but ingest wants a folder to read from.
    environ["SEGMEND_BENCH_DATA"] = str(place.WORK / "raw")
    (place.WORK / "raw" / name).mkdir(parents=True, exist_ok=True)
    place.DATA[name] = {
        "ingest": {
            "data": name,
            "format": {"name": "toy", "toy": {"images": images, "size": [SIDE, SIDE]}},
            "noise": {"level": "medium"},
        },
        "superpixelize": {"method": {"name": "slic", "slic": {"regions": REGIONS}}},
        "train": {"epochs": max(1, max(SIZES) // images)},
    }
    cell = place.Cell(name, 0, "memory", place.experiment(recipe))
    cell.ready()
    paths = {**cell.fixed, "labels": cell.start / "labels/r0", "model": cell.start / "models/r0"}
    paths |= {"regions": cell.base / "regions", "place": cell.place}
    return {
        "settings": cell.settings,
        "work": str(place.WORK),
        "paths": {key: str(path) for key, path in paths.items()},
    }


def alone(stage: str, settings: dict[str, Any], paths: dict[str, str], options: dict[str, str]) -> dict[str, Any]:
    """One stage, with nothing imported that it does not import itself, and the most memory that it took."""
    from importlib import import_module
    from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

    from segmend.stage.params import validated

    begin = monotonic()
    command = getattr(import_module(f"tasks.{stage}.__main__"), stage).stage
    imports = getrusage(RUSAGE_SELF).ru_maxrss
    checked = validated(command.__annotations__["settings"], settings, stage)
    start = process_time()
    metrics = command(checked, 0, **{key: Path(path) for key, path in paths.items()}, **options)
    peak = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    unit = 1024 if sys.platform == "darwin" else 1  # there it is counted in bytes
    return {
        "kilobytes": peak // unit,
        "imports": imports // unit,
        "seconds": round(monotonic() - begin, 1),
        "cpu": round(process_time() - start, 2),
        "asked": metrics.get("asked"),
    }


def process(function: str, *arguments: Any, module: str = "round_memory") -> dict[str, Any]:
    """What a function of a benchmark's module returns in a new process."""
    code = f"import sys, json; from benchmarks import {module} as here; "
    code += f"print(json.dumps(here.{function}(*json.loads(sys.argv[1]))))"
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SEGMEND_WORKERS": "1"}
    command = [sys.executable, "-c", code, dumps(arguments)]
    done = run(command, cwd=ROOT, env={**environ, **own}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{function} stopped:\n{done.stderr}")
    return loads(done.stdout.splitlines()[-1])


def measure(images: int, budget: str, repetition: int) -> dict[str, Any]:
    ready = process("prepare", images)
    settings, paths = ready["settings"], ready["paths"]
    workspace, truth = Path(paths.pop("place")), paths.pop("truth")
    rmtree(workspace, ignore_errors=True)
    query = {**paths, "out": str(workspace / "queries")}
    correct = {**paths, "truth": truth, "first": paths["labels"], "answers": str(workspace / "none.jsonl")}
    correct |= {"queries": str(workspace / "queries"), "out": str(workspace / "labels")}
    return {
        "query": process("alone", "query", settings["query"], query, {"budget": budget, "round": "r1"}),
        "correct": process("alone", "correct", settings["correct"], correct, {"round": "r1"}),
    }


def claims(rows: list[dict[str, Any]]) -> list[Claim]:
    made = []
    for budget in BUDGETS:
        runs = {(row["images"], row["repetition"]): row for row in rows if row["budget"] == budget}
        pairs = [
            (runs[SIZES[0], r], runs[SIZES[1], r]) for n, r in sorted(runs) if n == SIZES[0] and (SIZES[1], r) in runs
        ]
        for stage in STAGES if pairs else ():
            ratios = [many[stage]["kilobytes"] / few[stage]["kilobytes"] for few, many in pairs]
            text = f"{stage}, budget {budget}: peak memory on {SIZES[1]:,} images over that on {SIZES[0]}"
            held = max(ratios) <= 1.10
            made.append(Claim(text, "at most 1.10", mean(ratios), len(ratios), spread(ratios), held))
    return made


def table(rows: list[dict[str, Any]]) -> str:
    lines = []
    for stage in STAGES:
        for budget, images in sorted({(row["budget"], row["images"]) for row in rows}):
            runs = [row[stage] for row in rows if (row["budget"], row["images"]) == (budget, images)]
            peak, imports = (plus_minus([run[name] / 1024 for run in runs], 0) for name in ("kilobytes", "imports"))
            seconds = plus_minus([run["seconds"] for run in runs], 0)
            lines.append(f"| {stage} | {budget} | {images} | {peak} | {imports} | {seconds} | {runs[0]['asked']} |")
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
        print(table([cell | measure(**cell) for cell in wanted]))
        return
    cells("round_memory", wanted, measure)
    rows, more = kept("round_memory"), SIZES[1] - SIZES[0]
    bytes_each = SIDE * SIDE * (3 + 4 * 4)  # an image in colour, and four classes in float32
    page = PAGE.format(side=SIDE, regions=REGIONS, more=more, all=0.6 * more * bytes_each / 2**20, rows=table(rows))
    write("round_memory", claims(rows), page)


if __name__ == "__main__":
    main()
