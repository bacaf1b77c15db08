"""COCO panoptic: a PNG an image whose colours are segment numbers, and a JSON file that gives each segment its category.

Source: https://cocodataset.org/#format-data (panoptic segmentation; github.com/cocodataset/panopticapi).
Idea: annotations/panoptic_<split>.json beside a folder of PNG files of the same name; number = R + 256 G + 256^2 B. No
overlaps: a pixel has one segment. Number 0 (not labelled) is void. Images as in the format coco.
Splits: by the JSON file's name; the official val becomes test where there is no test (field val_is).
Limits: which thing of a class a pixel belongs to is lost. Where instances or stuff files are there too, the format coco is
recognised first: name coco_panoptic to have these masks. Groups of things (iscrowd) are the class or void (field crowd).
"""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.formats._coco_files import all_categories, content_of, folders_of, key_of, split_of
from tasks.ingest.formats._json_parts import objects_of
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.reading.context import DrawnObject, account
from tasks.ingest.reading.exif import turned_like
from tasks.ingest.reading.image_files import packed, read_picture
from tasks.ingest.reading.source import (
    Hints,
    Problem,
    Record,
    Source,
    class_ids,
    identifier,
    relative,
    renamed,
)
from tasks.ingest.reading.splits import val_as


class CocoPanoptic(Method):
    name: Literal["coco_panoptic"] = "coco_panoptic"
    crowd: Literal["class", "void"] = Field("class", description="what groups of objects (iscrowd) are")
    val_is: Literal["test", "val"] = Field("test", description="what val is where there is no test")

    @staticmethod
    def sees(raw: Path) -> str:
        files = files_of(raw)
        return f"it has panoptic annotations of COCO: {relative(files[0], raw)}" if files else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files = files_of(raw)
        if not files:
            raise ValueError(f"{raw} is not laid out as coco_panoptic: annotations/panoptic_<split>.json is expected")
        contents = {path: content_of(path) for path in files}
        categories, _ = all_categories(contents)
        names = renamed(tuple(categories.values()), hints, "the panoptic files")
        index = {key: k for k, key in enumerate(categories)}
        images = NamedImages(raw)
        records: list[Record] = []
        problems: list[Problem] = []
        used = {relative(path, raw) for path in files}
        for json, content in contents.items():
            entries = {key_of(entry.get("id")): entry for entry in objects_of(content, "images", json)}
            masked = set()
            for number, annotation in enumerate(objects_of(content, "annotations", json), 1):
                key, file = key_of(annotation.get("image_id")), relative(json, raw)
                name = f"annotation {number} ({annotation.get('file_name')})"
                if key not in entries or not annotation.get("file_name"):
                    reason = (
                        f"{name} is about the image {key}, which the file does not list, or names no PNG: remove it"
                    )
                    problems.append(Problem("", file, reason))
                    continue
                masked.add(key)
                try:
                    image = images.find(str(entries[key].get("file_name")), folders_of(raw, json))
                except ValueError as trouble:
                    problems.append(Problem("", file, f"it lists {entries[key].get('file_name')}, {trouble}"))
                    continue
                mask = json.with_suffix("") / str(annotation["file_name"])
                table, wrong = segments(annotation, index, self.crowd)
                problems += [Problem(identifier(image, raw), file, f"{name}: {text}") for text in wrong]
                records.append(
                    Record(
                        identifier(image, raw),
                        split_of(raw, json),
                        partial(read_picture, image, hints.image_range),
                        partial(read_segments, mask, image, table),
                        file=relative(image, raw),
                        mask_file=relative(mask, raw),
                    )  # fmt: skip
                )
            for key in entries.keys() - masked:
                reason = f"the image {entries[key].get('file_name')} has no annotation: remove its entry"
                problems.append(Problem("", relative(json, raw), reason))
        records, notes = val_as(sorted(records, key=lambda record: record.id), self.val_is)
        colours = colours_of(contents, index)
        return Source(
            names, class_ids(names, (), "the panoptic files"), records, colours, tuple(problems),
            ("segment 0 is void", *notes), used=frozenset(used),
        )  # fmt: skip


def files_of(raw: Path) -> list[Path]:
    return sorted(path for path in (*raw.glob("annotations/panoptic*.json"), *raw.glob("panoptic*.json")))


def segments(
    annotation: dict[str, Any], index: dict[str, int], crowd: str
) -> tuple[tuple[tuple[int, int, str], ...], list[str]]:
    """(number, class id, name for messages) of each segment, and what is wrong with them."""
    table, wrong = [], []
    segments_info = annotation.get("segments_info") or []
    if not isinstance(segments_info, list) or not all(isinstance(entry, dict) for entry in segments_info):
        return (), ["its segments_info is no list of objects {...}: export it again"]
    for entry in segments_info:
        key, number = key_of(entry.get("category_id")), entry.get("id")
        if key not in index or not isinstance(number, int) or isinstance(number, bool):
            wrong.append(f"segment {number} has the category {key}, which no file declares: correct or remove it")
        else:
            label = VOID if entry.get("iscrowd") and crowd == "void" else index[key]
            table.append((number, label, f"segment {number}"))
    return tuple(table), wrong


def read_segments(path: Path, image: Path, table: tuple[tuple[int, int, str], ...]) -> np.ndarray:
    """The class ids of a panoptic PNG. Raises ValueError for numbers that no segment has."""
    colours = packed(read_picture(path))
    numbers = (colours >> 16) | (colours & 0xFF00) | ((colours & 0xFF) << 16)
    values, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    labels = {0: VOID, **{number: label for number, label, _ in table}}
    strange = [value for value in values.tolist() if value not in labels]
    if strange:
        pixels = int(counts[values == strange[0]][0])
        raise ValueError(
            f"{pixels} pixels are of segment {strange[0]}, which segments_info does not list: export it again"
        )
    ids = np.array([labels[value] for value in values.tolist()], np.int32)[places].reshape(numbers.shape)
    covered = dict(zip(values.tolist(), counts.tolist(), strict=True))
    for number, _, name in table:
        pixels = covered.get(number, 0)
        account(DrawnObject(name, pixels, pixels, "" if pixels else "its number is not in the PNG"))
    return turned_like(ids, image)


def colours_of(contents: dict[Path, dict[str, Any]], index: dict[str, int]) -> tuple[tuple[int, int, int], ...]:
    """The categories' colours where all have one."""
    colours: dict[str, tuple[int, int, int]] = {}
    for content in contents.values():
        for entry in content["categories"]:
            colour = entry.get("color")
            if (
                isinstance(colour, list)
                and len(colour) == 3
                and all(isinstance(part, int) and 0 <= part < 256 for part in colour)
            ):
                colours[key_of(entry["id"])] = (int(colour[0]), int(colour[1]), int(colour[2]))
    return tuple(colours[key] for key in index) if index.keys() <= colours.keys() else ()
