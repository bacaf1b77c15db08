"""PASCAL VOC: JPEGImages, SegmentationClass, and the lists of ImageSets/Segmentation.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (also what CVAT exports as "Segmentation mask 1.1").
Idea: 20 classes and background, masks as palette PNG, 255 (the borders) void. Masks in the VOC colours without a palette are
read too; with labelmap.txt or another palette file its classes and colours are taken instead.
Splits: train.txt, val.txt, test.txt; the official val becomes test where there is no test (field val_is).
Limits: images in no list are not used, which is said.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID, default_colours
from segmend.stage.params import Method
from tasks.ingest.reading.class_names import Naming, naming, packed
from tasks.ingest.reading.image_files import SUFFIXES, opened, pictures_in, read_ids, read_picture
from tasks.ingest.reading.source import (
    Hints,
    Problem,
    Record,
    Source,
    class_ids,
    relative,
    renamed,
    root_with,
    truth_of,
)
from tasks.ingest.reading.splits import val_as

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
LISTS = "ImageSets/Segmentation"


class Voc(Method):
    name: Literal["voc"] = "voc"
    masks: str = Field("SegmentationClass", description="folder of the masks, as SegmentationClassAug")
    val_is: Literal["test", "val"] = Field("test", description="what val.txt is where there is no test.txt")

    @staticmethod
    def sees(raw: Path) -> str:
        return f"it has the folders JPEGImages and {LISTS}" if root_with(raw, "JPEGImages", LISTS) else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        root = root_with(raw, "JPEGImages", LISTS)
        if root is None:
            raise ValueError(f"{raw} is not laid out as voc: JPEGImages/ and {LISTS}/ are expected")
        named = self.named(root, hints)
        images = {
            p.relative_to(root / "JPEGImages").with_suffix("").as_posix(): p for p in pictures_in(root / "JPEGImages")
        }
        records: list[Record] = []
        problems: list[Problem] = []
        for split in ("train", "val", "test"):
            listed = root / LISTS / f"{split}.txt"
            for name in listed.read_text().split() if listed.is_file() else []:
                if name in images:
                    records.append(self.record(raw, root, name, split, images[name], named, hints))
                else:
                    reason = f"it lists {name}, and JPEGImages/{name}.* is missing: add it or remove the line"
                    problems.append(Problem("", relative(listed, raw), reason))
        if not records and not problems:
            raise ValueError(
                f"{root / LISTS} has no train.txt, val.txt or test.txt with ids: say there which images are used"
            )
        problems += [
            Problem(r.id, r.mask_file, "the mask is missing: add it, or take the image off its list")
            for r in records
            if r.split != "test" and r.mask is None
        ]
        records, notes = val_as(records, self.val_is)
        unused = len(images) - len({record.id for record in records})
        if unused:
            notes.append(f"{unused} images are in no list of {LISTS} and are not used")
        return Source(named.classes, named.ids, records, named.colours, tuple(problems), tuple(notes))

    def named(self, root: Path, hints: Hints) -> Naming:
        own = naming(root, hints._replace(classes=()))
        if own.classes:
            return own._replace(classes=renamed(own.classes, hints, own.where))
        classes = renamed(CLASSES, hints, "PASCAL VOC")
        colours = tuple((r, g, b) for r, g, b in default_colours(len(classes)))
        table = packed(dict(zip(classes, colours, strict=True)), {name: k for k, name in enumerate(classes)})
        palette = {**(table or {}), 0xE0E0C0: VOID}  # the border's colour in the VOC palette
        return Naming(classes, class_ids(classes, hints.void, "PASCAL VOC"), colours, palette, "PASCAL VOC")

    def record(self, raw: Path, root: Path, name: str, split: str, image: Path, named: Naming, hints: Hints) -> Record:
        place = root / self.masks / f"{name}.png"
        files = [path for path in sorted(place.parent.glob(f"{place.stem}.*")) if path.suffix.lower() in SUFFIXES]
        mask = files[0] if files else None
        truth = truth_of(root, root / self.masks, mask) if mask else None
        read = partial(read_voc, palette=named.palette, image=image)
        return Record(
            name, split, partial(read_picture, image, hints.image_range),
            partial(read, mask) if mask else None, partial(read, truth) if truth else None,
            relative(image, raw), relative(mask or place, raw), relative(truth, raw) if truth else "",
        )  # fmt: skip


def read_voc(path: Path, palette: dict[int, int] | None, image: Path) -> np.ndarray:
    """Ids of a mask: palette and grey files hold them, colour files show them."""
    with opened(path) as picture:
        indexed = picture.mode in ("P", "L")
    return read_ids(path, None if indexed else palette, image)
