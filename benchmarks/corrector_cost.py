"""What does the corrector cost in a round, beside an epoch of the network? Time and memory on images of 512 x 512.

    python -m benchmarks.corrector_cost
    python -m benchmarks.corrector_cost --images 20 40 --repetitions 1    a quick look; makes no claims
    python -m benchmarks.corrector_cost --images 1000 --repetitions 1     the largest set alone (an hour)

Toy images, the recipe segmend_corrected; each stage in a process of its own, one thread, one worker. The corrector's part is the stage
correct less the same stage with the expansion `none`, in processor seconds.
"""

from os import chdir
from pathlib import Path
from shutil import rmtree
from statistics import mean
from typing import Any

from benchmarks import round_memory
from benchmarks.claims import Claim, arguments, cells, kept, plus_minus, spread, write
from benchmarks.round_memory import process

SIZES, SIDE, REGIONS = (40, 160, 1000), 512, 600
BUDGET = "2%"
PASSES = 600  # of the network over images that are timed: of few images several epochs
TIMES, GROWTH = 2.0, 1.10

PAGE = """# What does the corrector cost?

`python -m benchmarks.corrector_cost`: toy images of {side} x {side} pixels with about {regions} base cells each, 60 % of them train images, one round of
{budget} of the cells by the recipe segmend_corrected; each stage in a process of its own, one thread. Processor seconds. An epoch is of
the default network (`unet`), over crops of 112 x 112 as params.yaml has them (a twentieth of each image), and over whole images. `corrector`: training it,
measuring answers, and relabelling every train image: the stage correct less the same stage with the expansion `none`; `cold` makes the encoder's
features, which are kept: the first round pays them; `warm` finds them in the cache, as every later round does. The 1,000 images were measured once, beside other work that
slowed their epochs most (an epoch takes six times that of 160 images where nothing else runs): so their ratio is not claimed.

| images | train images | answers | epoch, crops | epoch, whole images | corrector, cold | corrector, warm | cold / epoch of whole images | warm / epoch of whole images | peak of correct, MB |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def prepare(images: int) -> dict[str, Any]:
    """round_memory's data and first network, of larger images."""
    round_memory.SIDE, round_memory.REGIONS = SIDE, REGIONS
    ready: dict[str, Any] = round_memory.prepare(images, f"large-{images}", "segmend_corrected")
    return ready


def alone(
    place: str, stage: str, settings: dict[str, Any], paths: dict[str, str], options: dict[str, str]
) -> dict[str, Any]:
    """A stage in a folder of its own, where the features are kept."""
    chdir(place)
    return round_memory.alone(stage, settings, paths, options)


def measure(images: int, repetition: int) -> dict[str, Any]:
    ready = process("prepare", images, module="corrector_cost")
    settings, paths = ready["settings"], ready["paths"]
    workspace, truth = Path(paths.pop("place")), paths.pop("truth")
    rmtree(workspace, ignore_errors=True)
    workspace.mkdir(parents=True)

    def run(stage: str, chosen: dict[str, Any], given: dict[str, str], **options: str) -> dict[str, Any]:
        return process("alone", str(workspace), stage, chosen, given, options, module="corrector_cost")

    query = {**paths, "out": str(workspace / "queries")}
    run("query", settings["query"], query, budget=BUDGET, round="r1")
    correct = {**paths, "truth": truth, "first": paths["labels"], "answers": str(workspace / "none.jsonl")}
    correct |= {"queries": str(workspace / "queries")}
    plain = {**settings["correct"], "expansion": {"name": "none"}}
    rmtree(workspace / ".work", ignore_errors=True)
    made = {}
    for name, chosen in (("none", plain), ("cold", settings["correct"]), ("warm", settings["correct"])):
        made[name] = run("correct", chosen, {**correct, "out": str(workspace / f"labels-{name}")}, round="r1")
    more = max(1, round(PASSES / trained(images)))
    for name, side in (("crops", 112), ("whole", SIDE)):
        crop = {"name": "crop", "crop": {"height": side, "width": side}}
        taken = []
        for epochs in (1, 1 + more):
            train = {**settings["train"], "augmentations": [{"name": "flip"}, crop], "epochs": epochs}
            out = {key: paths[key] for key in ("dataset", "labels")}
            out |= {"out": str(workspace / f"model-{name}-{epochs}"), "out_curves": str(workspace / "curve.csv")}
            taken.append(run("train", train, out)["cpu"])
        made[name] = {"cpu": (taken[1] - taken[0]) / more}
    rmtree(workspace)
    return {"parts": made}


def trained(images: int) -> int:
    """Train images of so many."""
    return round(0.6 * images)


def cost(row: dict[str, Any], kind: str) -> float:
    return float(row["parts"][kind]["cpu"] - row["parts"]["none"]["cpu"])


def table(rows: list[dict[str, Any]]) -> str:
    lines = []
    for images in sorted({row["images"] for row in rows}):
        runs = [row for row in rows if row["images"] == images]
        epochs = {kind: [row["parts"][kind]["cpu"] for row in runs] for kind in ("crops", "whole")}
        cold = [cost(row, "cold") for row in runs]
        warm = [cost(row, "warm") for row in runs]
        ratios = [[c / e for c, e in zip(taken, epochs["whole"], strict=True)] for taken in (cold, warm)]
        cells_ = [
            str(runs[0]["parts"]["cold"]["asked"]),
            plus_minus(epochs["crops"], 1),
            plus_minus(epochs["whole"], 1),
        ]
        cells_ += [plus_minus(cold, 1), plus_minus(warm, 1), *(plus_minus(ratio, 2) for ratio in ratios)]
        cells_ += [plus_minus([row["parts"]["cold"]["kilobytes"] / 1024 for row in runs], 0)]
        lines.append(f"| {images} | {trained(images)} | " + " | ".join(cells_) + " |")
    return "\n".join(lines)


def claims(rows: list[dict[str, Any]]) -> list[Claim]:
    few, many, _ = ([row for row in rows if row["images"] == images] for images in SIZES)
    made = []
    for kind, when in (("cold", "the first round, features and all"), ("warm", "a later round")) if many else ():
        ratios = [cost(row, kind) / row["parts"]["whole"]["cpu"] for row in many]
        text = f"corrector in {when}, over an epoch of whole images, {SIZES[1]} images"
        met = max(ratios) <= TIMES
        made.append(Claim(text, f"at most {TIMES}", mean(ratios), len(ratios), spread(ratios), met))
    for images in SIZES[1:] if few else ():
        least = mean(row["parts"]["cold"]["kilobytes"] for row in few)
        if grown := [row["parts"]["cold"]["kilobytes"] / least for row in rows if row["images"] == images]:
            text = f"peak memory of correct on {images:,} images over that on {SIZES[0]}"
            made.append(Claim(text, f"at most {GROWTH}", mean(grown), len(grown), spread(grown), max(grown) <= GROWTH))
    return made


def main() -> None:
    chosen = arguments(
        "corrector_cost",
        __doc__,
        images={"nargs": "+", "type": int, "default": list(SIZES)},
        repetitions={"type": int, "default": 3},
    )
    wanted = [{"images": n, "repetition": r} for r in range(chosen.repetitions) for n in chosen.images]
    if not set(chosen.images) <= set(SIZES):
        print(table([cell | measure(**cell) for cell in wanted]))
        return
    cells("corrector_cost", wanted, measure)
    rows = kept("corrector_cost")
    page = PAGE.format(side=SIDE, regions=REGIONS, budget=BUDGET, rows=table(rows))
    write("corrector_cost", claims(rows), page)


if __name__ == "__main__":
    main()
