"""COCO: instances and stuff in JSON files, drawn as one label map with a declared order of overlaps.

Source: https://cocodataset.org/#format-data; run lengths as in cocoapi's maskApi.c (@28dffd92), decoded here by our own code.
Idea: annotations/instances_<split>*.json and stuff_<split>*.json (or any COCO JSON, as labelling tools export it: a file whose
name holds train, val or test is that split). Polygons, run lengths, compressed run lengths, crowds.
Overlaps: `order`; by default smaller objects lie over larger ones, by the pixels they cover, listing order at ties.
Uncovered pixels: class 'background' where only objects are annotated, void where stuff is annotated too (field background).
Ids: classes in the order of category ids. The stuff category 'other' (all things in one) is not drawn where the things
themselves are known.
Splits: by file; the official val becomes test where there is no test (field val_is).
Differs: a pixel belongs to a polygon if its centre lies inside (cocoapi traces outlines at five-fold size: half a pixel wider).
Limits: captions, keypoints and panoptic files are not read, which is said. Costs: the JSON files in memory.
"""

from functools import partial
from pathlib import Path
from re import search
from typing import Any, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.reading.class_names import read_json
from tasks.ingest.reading.image_files import read_picture, turned_like
from tasks.ingest.reading.outlines import Piece, drawn
from tasks.ingest.reading.source import SPLIT_NAMES, Hints, Problem, Record, Source, class_ids, relative, renamed
from tasks.ingest.reading.splits import val_as

OTHER_KINDS = ("captions", "person_keypoints", "panoptic", "image_info")


class Coco(Method):
    name: Literal["coco"] = "coco"
    order: Literal["smaller_over_larger", "larger_over_smaller", "later_over_earlier"] = Field(
        "smaller_over_larger", description="which of two overlapping objects is seen"
    )
    crowd: Literal["class", "void"] = Field("class", description="what groups of objects (iscrowd) are")
    background: Literal["auto", "class", "void"] = Field(
        "auto", description="what uncovered pixels are; auto: void if stuff is annotated, else a class"
    )
    val_is: Literal["test", "val"] = Field("test", description="what val is where there is no test")

    @staticmethod
    def sees(raw: Path) -> str:
        found = listed(raw)[0]
        return f"it has COCO annotations: {relative(found[0], raw)}" if found else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files, skipped = listed(raw)
        if not files:
            raise ValueError(
                f"{raw} is not laid out as coco: annotations/instances_train.json or another COCO JSON is expected"
            )
        contents = {path: content_of(path) for path in files}
        categories = all_categories(contents)
        stuff = any(path.name.startswith("stuff") for path in files)
        both = stuff and any(path.name.startswith("instances") for path in files)
        hidden = {k for k, name in categories.items() if both and name == "other"}
        kept = {k: name for k, name in sorted(categories.items()) if k not in hidden}
        ground = self.background == "class" or (self.background == "auto" and not stuff)
        first = ("background",) if ground and "background" not in kept.values() else ()
        names = renamed((*first, *kept.values()), hints, "the COCO files")
        ids = class_ids(names, (), "the COCO files")
        index = {k: n + len(first) for n, k in enumerate(kept)}
        base = (0 if first else list(kept.values()).index("background")) if ground else VOID
        images, problems = gathered(raw, contents)
        records = []
        for path, (split, image, annotations) in images.items():
            pieces, wrong = self.pieces(annotations, index, hidden, image)
            problems += [Problem(name_of(path, raw), relative(path, raw), text) for text in wrong]
            mask = partial(self.draw, pieces, image["height"], image["width"], base, path)
            draw = mask if annotations is not None else None
            record = Record(name_of(path, raw), split, partial(read_picture, path, hints.image_range), draw)
            records.append(record._replace(file=relative(path, raw), mask_file=f"annotations of {relative(path, raw)}"))
        records, notes = val_as(records, self.val_is)
        notes.append(
            f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {names[base] if ground else 'void'}"
        )
        if skipped:
            notes.append(f"not read: {', '.join(relative(path, raw) for path in skipped)}")
        return Source(names, ids, records, (), tuple(problems), tuple(notes))

    def pieces(
        self, annotations: list[dict[str, Any]], index: dict[int, int], hidden: set[int], image: dict[str, Any]
    ) -> tuple[list[Piece], list[str]]:
        """An image's annotations as (label, outline), and what is wrong with them."""
        found, wrong = [], []
        for one in annotations:
            if one["category_id"] in hidden:
                continue
            outline = one.get("segmentation")
            if one["category_id"] not in index:
                wrong.append(
                    f"annotation {one.get('id')} has the category {one['category_id']}, which no file declares"
                )
            elif not outline:
                wrong.append(f"annotation {one.get('id')} has no segmentation (only a box?): outline it or remove it")
            elif isinstance(outline, dict) and outline.get("size") != [image["height"], image["width"]]:
                wrong.append(
                    f"annotation {one.get('id')} has the size {outline.get('size')}, not the image's height and width"
                )
            else:
                label = VOID if one.get("iscrowd") and self.crowd == "void" else index[one["category_id"]]
                found.append(Piece(label, outline))
        return found, wrong

    def draw(self, pieces: list[Piece], height: int, width: int, base: int, image: Path) -> np.ndarray:
        return turned_like(drawn(pieces, height, width, base, self.order).astype(np.int32), image)


def listed(raw: Path) -> tuple[list[Path], list[Path]]:
    """The annotation files that are read, and those that are not."""
    found = [
        path
        for pattern in ("annotations/*.json", "*/annotations/*.json", "*.json", "*/*.coco.json")
        for path in raw.glob(pattern)
    ]
    named = {path for path in found if path.name not in ("source.json", "classes.json", "palette.json")}
    other = sorted(path for path in named if path.name.startswith(OTHER_KINDS))
    if {path.name for path in raw.glob("*.json")} >= {path.name for path in named}:  # loose JSON files: look inside
        named = {path for path in named if is_coco(path)}
    return sorted(named - set(other)), other


def is_coco(path: Path) -> bool:
    with path.open(encoding="utf-8-sig") as file:
        head = file.read(1 << 20)
    return '"annotations"' in head or '"categories"' in head


def content_of(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= set(content):
        raise ValueError(f"{path} is not a COCO file: it needs the keys images, annotations and categories")
    return content


def all_categories(contents: dict[Path, dict[str, Any]]) -> dict[int, str]:
    """id -> name over all files; one id with two names is an error."""
    found: dict[int, str] = {}
    for path, content in contents.items():
        for one in content["categories"]:
            if found.setdefault(one["id"], one["name"]) != one["name"]:
                raise ValueError(
                    f"{path}: the category {one['id']} is '{one['name']}' here and '{found[one['id']]}' in another file: number "
                    "the categories alike in all files"
                )
    return found


def gathered(
    raw: Path, contents: dict[Path, dict[str, Any]]
) -> tuple[dict[Path, tuple[str | None, dict[str, Any], list[dict[str, Any]]]], list[Problem]]:
    """image file -> (split, its entry, all its annotations), over all files; missing images as problems."""
    images: dict[Path, tuple[str | None, dict[str, Any], list[dict[str, Any]]]] = {}
    problems: list[Problem] = []
    for json, content in contents.items():
        word = search(r"train|valid|val|test", json.name) or search(r"train|valid|val|test", json.parent.name)
        split = SPLIT_NAMES[word.group()] if word else None
        places = folders_of(raw, json)
        by_number: dict[int, list[dict[str, Any]]] = {}
        for one in content["images"]:
            path = next((place / one["file_name"] for place in places if (place / one["file_name"]).is_file()), None)
            if path is None:
                reason = f"it lists {one['file_name']}, which is not there: put it into images/ or remove the entry"
                problems.append(Problem("", relative(json, raw), reason))
                continue
            by_number[one["id"]] = images.setdefault(path, (split, one, []))[2]
        for note in content["annotations"]:
            if note["image_id"] in by_number:
                by_number[note["image_id"]].append(note)
    return dict(sorted(images.items())), problems


def folders_of(raw: Path, json: Path) -> list[Path]:
    """Where the images of an annotation file may be: train2017 for instances_train2017.json, and the usual places."""
    root = json.parent.parent if json.parent.name == "annotations" else json.parent
    last = json.stem.split("_")[-1]
    names = (
        last,
        f"images/{last}",
        "images",
        f"images/{last.rstrip('0123456789')}",
        last.rstrip("0123456789"),
        "data",
        "",
    )
    return [root / name for name in names] + [raw]


def name_of(path: Path, raw: Path) -> str:
    return path.relative_to(raw).with_suffix("").as_posix()
