"""Small random data sets for the tests of export, and what ingest reads of an export."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from segmend.images.dataset import Card, Dataset, Sample
from segmend.images.rasters import UNLABELLED, VOID
from tasks.export.formats._base import Item
from tests.ingest.runs import run, settings

NAMES = ("road", "Gehweg ä", "background", "traffic light", "tree")


class Made(NamedTuple):
    card: Card
    items: list[Item]


@st.composite
def data_sets(draw: Any) -> Made:
    """Two to five classes, one to four images of any size with labels of every id, splits and ids with folders."""
    classes = NAMES[: draw(st.integers(2, 5))]
    colours = tuple((40 * k, 255 - 40 * k, 7 * k) for k in range(len(classes)))
    card = Card(name="set", classes=classes, colours=colours, mean=(0.5,) * 3, deviation=(0.25,) * 3)
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    ids = [*range(len(classes)), VOID, *([UNLABELLED] if draw(st.booleans()) else [])]
    items = []
    for k in range(draw(st.integers(1, 4))):
        height, width = draw(st.integers(2, 17)), draw(st.integers(2, 17))
        split = ("train", "val", "test")[k % 3]
        sample = Sample(f"{'town/' if k % 2 else ''}image_{k}", split, height, width, "", "")
        labels = rng.choice(ids, (height, width)).astype(np.uint8)
        labels.ravel()[: min(len(classes), labels.size)] = np.arange(min(len(classes), labels.size))
        items.append(Item(sample, rng.integers(256, size=(height, width, 3), dtype=np.uint8), labels))
    return Made(card, items)


def written(method: Any, made: Made, out: Path, images: bool = True) -> Path:
    out.mkdir(parents=True)
    method.write(out, made.card, iter(made.items), images)
    return out


def read_back(raw: Path, format: str, to: Path, **more: Any) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """id, split, image and mask of every image that ingest reads of a folder, in order of id."""
    run(settings(format, classes=more.pop("classes", ()), **more), raw, to)
    data = Dataset(to / "dataset")
    for sample in data.samples:
        yield sample.id, sample.split, data.image(sample.id), data.mask(sample.id)
