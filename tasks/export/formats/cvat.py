"""CVAT "Segmentation mask 1.1": a VOC layout with colour masks, which CVAT imports as annotations of a task.

Source: https://docs.cvat.ai/docs/manual/advanced/formats/format-smask/
Idea: SegmentationClass holds RGB masks in the colours of labelmap.txt, SegmentationObject one colour per object, the lists are named
    after the subset. Black is CVAT's background: pixels of no label.
Read by: ingest.format voc, which knows CVAT's labelmap.txt; CVAT itself as annotations of a task.
Limits: void and "not labelled yet" become background; a class whose colour is black or another class's gets the next free VOC colour.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from segmend.images.dataset import SPLITS, Card
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, default_colours
from tasks.export.formats._base import BACKGROUND, ExportFormat, Item, save_png

LISTS = "ImageSets/Segmentation"


class Cvat(ExportFormat):
    name: Literal["cvat"] = "cvat"
    becomes: ClassVar[dict[int, str]] = dict.fromkeys((VOID, UNLABELLED), BACKGROUND)

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        colours = distinct(card)
        lines = ["# label:color_rgb:parts:actions"]
        if BACKGROUND not in card.classes:
            lines.append(f"{BACKGROUND}:0,0,0::")
        lines += [f"{name}:{r},{g},{b}::" for name, (r, g, b) in zip(card.classes, colours.tolist(), strict=True)]
        (out / "labelmap.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        table = np.zeros((256, 3), np.uint8)
        table[: len(colours)] = colours
        lists: dict[str, list[str]] = {split: [] for split in SPLITS}
        for item in items:
            lists[item.sample.split].append(item.sample.id)
            if images:
                save_png(out / "JPEGImages" / f"{item.sample.id}.png", item.image)
            if item.labels is not None:
                save_png(out / "SegmentationClass" / f"{item.sample.id}.png", table[item.labels])
                save_png(out / "SegmentationObject" / f"{item.sample.id}.png", object_colours(item))
        (out / LISTS).mkdir(parents=True, exist_ok=True)
        for split, names in lists.items():
            if names:
                (out / LISTS / f"{split}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


def distinct(card: Card) -> np.ndarray:
    """One colour a class, uint8 (k, 3), no two equal; black for a class named background alone."""
    taken: list[tuple[int, ...]] = [(0, 0, 0)]
    spare = iter(tuple(colour) for colour in default_colours(256)[1:])
    colours = []
    for name, colour in zip(card.classes, card.colours, strict=True):
        chosen: tuple[int, ...] = (0, 0, 0) if name == BACKGROUND else tuple(colour)
        while name != BACKGROUND and chosen in taken:
            chosen = next(spare)
        taken.append(chosen)
        colours.append(chosen)
    return np.array(colours, np.uint8)


def object_colours(item: Item) -> np.ndarray:
    """uint8 (h, w, 3): a colour per object, or per class where no objects are known; black where there is none."""
    assert item.labels is not None
    numbers = np.where(item.labels < UNLABELLED, item.labels.astype(np.int64) + 1, 0)
    if item.objects is not None:
        numbers = np.where(item.objects != NO_REGION, item.objects.astype(np.int64) + 256, numbers)
    _, numbers = np.unique(numbers, return_inverse=True)
    numbers = numbers.reshape(item.labels.shape)
    return np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], axis=-1).astype(np.uint8)
