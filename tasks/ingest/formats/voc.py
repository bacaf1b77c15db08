"""PASCAL VOC: JPEGImages, SegmentationClass, and the lists of ImageSets/Segmentation.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (also what CVAT exports as "Segmentation mask 1.1").
Idea: 20 classes and background, masks as palette PNG, 255 (the borders) void. Masks in the VOC colours without a palette are
read too; with labelmap.txt or another palette file its classes and colours are taken instead.
Splits: train.txt, val.txt, test.txt; the official val becomes test where there is no test (field val_is). Other lists
(CVAT's default.txt) name images without a split; trainval.txt is read only where there is no train.txt. Without lists, as
labelme2voc writes it, all images are used.
Limits: images in no list are not used, which is said.
"""

from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID, default_colours
from segmend.stage.params import Method
from tasks.ingest.reading.class_names import Naming, naming, packed
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.opening import opened
from tasks.ingest.reading.source import (
    SPLIT_NAMES,
    Hints,
    Problem,
    Record,
    Source,
    Unused,
    class_ids,
    holds,
    identifier,
    relative,
    renamed,
    truth_of,
)
from tasks.ingest.reading.splits import val_as
from tasks.ingest.reading.text_files import read_text

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
LISTS = "ImageSets/Segmentation"
BESIDE = {
    "SegmentationObject": "the masks of single objects are not needed",
    "SegmentationClassVisualization": "pictures for people, as labelme draws them",
    "SegmentationClassPNG": "ingest.format.voc.masks chooses another folder of masks",
    "SegmentationClassNpy": "ingest.format.voc.masks chooses another folder of masks",
    "SegmentationClass": "ingest.format.voc.masks chooses another folder of masks",
    "SegmentationClassAug": "ingest.format.voc.masks chooses another folder of masks",
    "Annotations": "boxes are not read",
    "ImageSets": "lists of other tasks",
}


class Voc(Method):
    name: Literal["voc"] = "voc"
    masks: str = Field("SegmentationClass", description="folder of the masks, as SegmentationClassAug")
    val_is: Literal["test", "val"] = Field("test", description="what val.txt is where there is no test.txt")

    @staticmethod
    def sees(raw: Path) -> str:
        masks = next((name for name in (LISTS, "SegmentationClass") if holds(raw, "JPEGImages", name)), "")
        if not masks and holds(raw, "SegmentationClass") and (holds(raw, LISTS) or holds(raw, "labelmap.txt")):
            return "it has the folder SegmentationClass and lists or labels beside it"
        return f"it has the folders JPEGImages and {masks}" if masks else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        if not self.sees(raw) and not holds(raw, "JPEGImages", self.masks):
            raise ValueError(f"{raw} is not laid out as voc: JPEGImages/ and {LISTS}/ or {self.masks}/ are expected")
        if not holds(raw, "JPEGImages"):
            raise ValueError(
                f"{raw} has masks and no images: export again with images (CVAT: Save images), or put them into JPEGImages/ "
                "under the names of their masks"
            )
        named = self.named(raw, hints)
        images = {identifier(path, raw / "JPEGImages"): path for path in pictures_in(raw / "JPEGImages")}
        masks = files_by_id(raw / self.masks)
        lists = lists_of(raw)
        splits, problems = listed(raw, lists, images)
        if not lists:
            splits = dict.fromkeys(images)
        elif not splits and not problems:
            raise ValueError(f"the lists in {raw / LISTS} name no images: say there which are used")
        records = [self.record(raw, name, splits[name], images[name], masks.get(name), named, hints) for name in splits]
        problems += [
            Problem(r.id, r.mask_file, "the mask is missing: add it, or take the image off its list")
            for r in records
            if lists and r.split not in ("test", None) and r.mask is None
        ]
        problems += [
            Problem("", relative(mask, raw), f"it has no image: add JPEGImages/{name}.* or remove it")
            for name, mask in masks.items()
            if name not in images
        ]
        records, notes = val_as(records, self.val_is)
        notes.append(f"classes named by {named.where}")
        unlisted = [name for name in images if name not in splits]
        if unlisted:
            notes.append(f"{len(unlisted)} images are in no list of {LISTS} and are not used")
        reasons = [Unused(relative(images[name], raw), f"in no list of {LISTS}") for name in unlisted]
        reasons += [
            Unused(relative(masks[name], raw), f"its image is in no list of {LISTS}")
            for name in unlisted
            if name in masks
        ]
        reasons += [Unused(f"{name}/", reason) for name, reason in BESIDE.items()]
        return Source(
            named.classes, named.ids, records, named.colours, tuple(problems), tuple(notes),
            used=frozenset((*named.files, *(relative(path, raw) for path in lists))), unused=tuple(reasons),
            reads=f"JPEGImages/ and {self.masks}/ are read",
        )  # fmt: skip

    def named(self, root: Path, hints: Hints) -> Naming:
        own = naming(root, hints._replace(classes=()))
        if own.classes:
            return own._replace(classes=renamed(own.classes, hints, own.where))
        classes = renamed(CLASSES, hints, "PASCAL VOC")
        colours = tuple((r, g, b) for r, g, b in default_colours(len(classes)))
        table = packed(dict(zip(classes, colours, strict=True)), {name: k for k, name in enumerate(classes)})
        palette = {**(table or {}), 0xE0E0C0: VOID}  # the border's colour in the VOC palette
        return Naming(classes, class_ids(classes, hints.void, "PASCAL VOC"), colours, palette, "PASCAL VOC")

    def record(
        self, raw: Path, name: str, split: str | None, image: Path, mask: Path | None, named: Naming, hints: Hints
    ) -> Record:
        truth = truth_of(raw, raw / self.masks, mask) if mask else None
        read = partial(read_voc, palette=named.palette, image=image)
        return Record(
            name, split, partial(read_picture, image, hints.image_range),
            partial(read, mask) if mask else None, partial(read, truth) if truth else None,
            relative(image, raw), relative(mask, raw) if mask else f"{self.masks}/{name}.png",
            relative(truth, raw) if truth else "",
        )  # fmt: skip


def files_by_id(folder: Path) -> dict[str, Path]:
    """The masks of a folder: pictures, and arrays where there is no picture of that name."""
    paths = sorted(pictures_in(folder), key=lambda path: path.suffix.lower() != ".npy")
    return {identifier(path, folder): path for path in paths}


def lists_of(raw: Path) -> list[Path]:
    """The lists of ImageSets/Segmentation: train, val and test first, trainval only where train is not there."""
    paths = sorted((raw / LISTS).glob("*.txt"), key=lambda path: (path.stem.lower() not in SPLIT_NAMES, path.name))
    known = {path.stem.lower() for path in paths}
    return [path for path in paths if path.stem.lower() != "trainval" or "train" not in known]


def listed(raw: Path, lists: list[Path], images: dict[str, Path]) -> tuple[dict[str, str | None], list[Problem]]:
    """id -> split of all lists, the first that names an image counts; lines without an image as problems."""
    splits: dict[str, str | None] = {}
    problems = []
    for path in lists:
        split = SPLIT_NAMES.get(path.stem.lower())
        for line in read_text(path).split("\n"):
            name = line.strip()
            if name and name not in images and PurePosixPath(name).with_suffix("").as_posix() in images:
                name = PurePosixPath(name).with_suffix("").as_posix()
            if name in images:
                before = splits.setdefault(name, split)
                if split and before != split:
                    reason = f"it lists {name}, which the list of {before} names too: take it off one of them"
                    problems.append(Problem(name, relative(path, raw), reason))
            elif name:
                reason = f"it lists {name}, and JPEGImages/{name}.* is missing: add it or remove the line"
                problems.append(Problem("", relative(path, raw), reason))
    return splits, problems


def read_voc(path: Path, palette: dict[int, int] | None, image: Path) -> np.ndarray:
    """Ids of a mask. Colour files show them by the palette file, grey and indexed files hold them."""
    indexed = path.suffix.lower() == ".npy"
    if not indexed:
        with opened(path) as picture:
            indexed = picture.mode in ("P", "L", "1")
    return read_ids(path, None if indexed else palette, image)
