"""A workspace as the stage query leaves it, drawn without running the pipeline: of any number, size and classes of images."""

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from shutil import copy

import numpy as np
from PIL import Image

from segmend.answers import history
from segmend.answers.answers import Query, encode_pixels, write_queries
from segmend.images.dataset import Dataset, Labels, Sample, write_samples, write_truth_list
from segmend.images.rasters import default_colours, write_labels, write_maps
from tests.pipeline import ROOT, edit

COLOURS = ((70, 110, 60), (196, 178, 128), (60, 100, 170), (150, 60, 60))


def make(
    root: Path,
    images: int = 4,
    size: tuple[int, int] = (96, 128),
    classes: Sequence[str] = ("field", "road", "lake", "house"),
    questions: int = 30,
    kind: str = "correction",
    truth: bool = True,
    noise: float = 12,
    seed: int = 0,
) -> Path:
    """Fields with roads, lakes and houses; some lakes are labelled as field, and the questions are about discs."""
    root.mkdir(parents=True, exist_ok=True)
    for name in ("dvc.yaml", "params.yaml"):
        copy(ROOT / name, root)
    edit(root, {"correct": {"oracle": {"name": "people"}}})
    rng, data = np.random.default_rng(seed), root / "data"
    colours = [
        list(COLOURS[k]) if k < len(COLOURS) else colour for k, colour in enumerate(default_colours(len(classes)))
    ]
    (data / "dataset/images").mkdir(parents=True)
    card = {"name": "fields", "classes": list(classes), "colours": colours, "mean": [0.5] * 3, "deviation": [0.2] * 3}
    (data / "dataset/dataset.json").write_text(dumps(card))
    samples = [
        Sample(f"area/{k:04d}", "test" if images > 3 and k == images - 1 else "train", *size, f"{k:064x}", "drawn")
        for k in range(images)
    ]
    write_samples(data / "dataset", samples)
    loaded = Dataset(data / "dataset").card
    rows, columns = np.indices(size)
    cells = ((rows // 8) * ((size[1] + 7) // 8) + columns // 8).astype(np.int32)
    asked: list[Query] = []
    for number, sample in enumerate(samples):
        known, shown, wrong = drawn(rng, rows, columns, len(classes))
        grain = rng.normal(0, noise, (*size, 1)).astype(np.float32)
        pixels = np.clip(np.array(colours)[known] + grain, 0, 255).astype(np.uint8)
        path = data / "dataset/images" / f"{sample.id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, compress_level=1)
        if sample.split == "test":
            continue
        Labels(data / "labels/r0").write(sample.id, shown, loaded)
        if truth:
            write_labels(data / "truth" / f"{sample.id}.png", known, colours)
        asking = images - (images > 3)
        for k in range(questions * (number + 1) // asking - questions * number // asking):
            near = np.clip(wrong[k // 2 % len(wrong)] + rng.normal(0, 2, 2), 0, np.array(size) - 1)
            centre = near if k % 2 == 0 else rng.uniform((0, 0), size)
            asked.append(disc(rng, sample, shown, known, classes, centre, kind))
    asked.sort(key=lambda query: -(query.expected or 0))
    asked = [
        query.model_copy(update={"query": f"r1-{k + 1:05d}", "rank": k, "region": k}) for k, query in enumerate(asked)
    ]
    write_maps(data / "regions", ((sample.id, cells) for sample in samples), images)
    if truth:
        write_truth_list(data / "truth", {sample.id: "planted" for sample in samples if sample.split == "train"})
    history.write(data / "labels/r0", history.empty())
    write_queries(data / "queries/r1", asked)
    return root


def drawn(
    rng: np.random.Generator, rows: np.ndarray, columns: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """What is there, and what the labels say of it."""
    height, width = rows.shape
    known = np.zeros(rows.shape, np.uint8)
    known[
        np.abs(columns - width * rng.uniform(0.3, 0.7) - (rows - height / 2) * rng.uniform(-0.5, 0.5)) < width / 24
    ] = 1
    shown, wrong = known.copy(), []
    for k in range(8):
        y, x, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0.06, 0.16) * min(height, width)
        named = 2 + k % (classes - 2) if classes > 2 else 1
        inside = (rows - y) ** 2 + (columns - x) ** 2 < radius**2
        known[inside] = named
        if k % 2:
            shown[inside] = named
        else:
            wrong.append((y, x))
    return known, shown, wrong


def disc(
    rng: np.random.Generator,
    sample: Sample,
    shown: np.ndarray,
    known: np.ndarray,
    classes: Sequence[str],
    centre: Sequence[float],
    kind: str,
) -> Query:
    """A question about a disc of the image."""
    height, width = shown.shape
    radius = max(2, int(rng.uniform(0.06, 0.12) * min(height, width)))
    y, x = int(centre[0]), int(centre[1])
    rows, columns = np.ogrid[max(0, y - radius) : y + radius, max(0, x - radius) : x + radius]
    rows, columns = np.broadcast_arrays(rows, columns)
    near = ((rows - y) ** 2 + (columns - x) ** 2 < radius**2) & (rows < height) & (columns < width)
    flat = np.sort(rows[near] * width + columns[near])
    most, better = np.bincount(shown.ravel()[flat]).argmax(), np.bincount(known.ravel()[flat]).argmax()
    return Query(
        query="", image=sample.id, region=0, rank=0, kind=kind, shown=classes[most],
        predicted=classes[better], footprint=encode_pixels(flat, (height, width)), area=len(flat), row=y, column=x,
        utility=1.0, expected=round(float((shown != known).ravel()[flat].sum()) * 0.6 + 0.1, 1),
    )  # fmt: skip
