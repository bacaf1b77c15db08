"""Make the first label maps.

labels/maps/<id>.png      label maps of the train and val images
labels/confidence.parquet image, region, label, confidence: how well the label stands for the region (see the labeller)
labels/history.parquet    what answers changed: empty here
labels/answers.jsonl      the answers applied: empty here
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from tasks import answers, history
from tasks.dataset import Dataset, Labels, Sample
from tasks.parallel import map_images
from tasks.pseudo_label.settings import Params
from tasks.rasters import UNLABELLED, VOID, LabelMap, Maps
from tasks.regions import class_counts, majority
from tasks.run import stage

CONFIDENCE = pa.schema(
    [("image", pa.string()), ("region", pa.int32()), ("label", pa.uint8()), ("confidence", pa.float32())]
)


class Labelled(NamedTuple):
    """One image's result: label map (h, w), majority label (k,) and confidence (k,) per region."""

    labels: LabelMap
    majority: np.ndarray
    confidence: np.ndarray


def label(sample: Sample, *, data: Dataset, regions: Maps, labeller: Any) -> Labelled:
    mask = data.mask(sample.id) if data.has_mask(sample.id) else None
    cells = regions[sample.id]
    labels, confidence = labeller(data.image(sample.id), mask, cells, data.classes)
    return Labelled(labels, majority(class_counts(labels, cells, len(data.classes)))[0], confidence)


@stage
def pseudo_label(settings: Params, seed: int, *, dataset: Path, regions: Path, out: Path) -> dict:
    """Make the first label maps of the train and val images."""
    data, labels = Dataset(dataset), Labels(out)
    samples = list(data.of("train", "val"))
    work = partial(label, data=data, regions=Maps(regions), labeller=settings.labeller)
    pixels = np.zeros(256, np.int64)
    sure, unlabelled = [], 0

    def tables() -> Iterator[pa.Table]:
        nonlocal pixels, unlabelled
        for sample, made in zip(samples, map_images(work, samples, "first labels"), strict=True):
            labels.write(sample.id, made.labels, data.card)
            counts = np.bincount(made.labels.ravel(), minlength=256)
            pixels += counts
            unlabelled += int(counts[UNLABELLED] == made.labels.size)
            sure.append(made.confidence)
            ids = np.arange(len(made.confidence), dtype=np.int32)
            columns = [np.repeat(sample.id, len(ids)), ids, made.majority, made.confidence.astype(np.float32)]
            yield pa.table(columns, schema=CONFIDENCE)

    out.mkdir(parents=True, exist_ok=True)
    with parquet.ParquetWriter(out / "confidence.parquet", CONFIDENCE) as file:
        for table in tables():
            file.write_table(table)
    history.write(out, history.empty())
    answers.write(out / "answers.jsonl", [])
    every = np.concatenate(sure) if sure else np.zeros(0)
    total = max(1, int(pixels.sum()))
    return {
        "images": len(samples),
        "images_unlabelled": unlabelled,
        "coverage": float(1 - (pixels[UNLABELLED] + pixels[VOID]) / total),
        "void": float(pixels[VOID] / total),
        "confidence": float(every.mean()) if len(every) else None,
        **{f"share/{name}": float(pixels[k] / total) for k, name in enumerate(data.classes)},
    }


if __name__ == "__main__":
    raise SystemExit(pseudo_label())
