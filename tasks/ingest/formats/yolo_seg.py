"""YOLO segmentation (Ultralytics): a text file an image, one outline a line: class x y x y ..., as shares of width and height.

Source: https://docs.ultralytics.com/datasets/segment/ (ultralytics/data/utils.py of 8.x).
Idea: images/... and labels/... with equal names, in any folders (images/train, train/images); data.yaml names the classes, or
classes.txt, a name a line. Drawn by pycocotools, pixel (0, 0) from 0 to 1; Ultralytics draws the border too, half a pixel more.
Overlaps: `order`; by default smaller over larger, as Ultralytics does.
Splits: folders named train, val, test; else the entries train, val and test of data.yaml; else as ingest.splits says.
EXIF: Ultralytics reads images upright, and so are the outlines.
Limits: an image without a text file is kept without a mask; an empty text file means all background. Boxes (five numbers a
line) are refused: they have no outline. Parts of one object are joined by thin lines in this format: they are drawn.
"""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from segmend.stage.params import Method
from tasks.ingest.formats._shapes import Order, Shape, broken, drawn_on, polygon_shape, split_in, with_background
from tasks.ingest.reading.class_names import numbered_names
from tasks.ingest.reading.exif import SWAPPED, stored_size
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.paired_files import files_of
from tasks.ingest.reading.source import SPLIT_NAMES, Hints, Problem, Record, Source, class_ids, relative
from tasks.ingest.reading.text_files import read_text

IMAGES, LABELS = "images", "labels"
OTHER_TEXTS = (
    "classes.txt",
    "labels.txt",
    "train.txt",
    "val.txt",
    "test.txt",
    "readme.roboflow.txt",
    "readme.dataset.txt",
)
TOLERANCE = 0.01  # of the width or height, as Ultralytics allows


class YoloSeg(Method):
    name: Literal["yolo_seg"] = "yolo_seg"
    order: Order = Field("smaller_over_larger", description="which of two overlapping objects is seen")

    @staticmethod
    def sees(raw: Path) -> str:
        if not any(path.is_dir() and next(path.rglob("*.txt"), None) for path in raw.rglob(LABELS)):
            return ""
        yaml = yaml_of(raw)
        if yaml:
            return f"{relative(yaml, raw)} names classes, and labels/ holds text files"
        if (raw / "classes.txt").is_file():
            return "it has classes.txt, and labels/ holds text files"
        without_masks = not files_of(raw, "masks") and files_of(raw, "images") and not files_of(raw, "labels")
        return "labels/ holds text files, images/ pictures, and there are no masks" if without_masks else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        texts = [path for path in sorted(raw.rglob("*.txt")) if path.name.lower() not in OTHER_TEXTS]
        if not any(LABELS in path.relative_to(raw).parts for path in texts):
            raise ValueError(f"{raw} is not laid out as yolo_seg: images/ and labels/ with text files are expected")
        yaml = yaml_of(raw)
        content = read_yaml(yaml) if yaml else {}
        names = class_names(raw, yaml, content, hints)
        classes, index, base = with_background(tuple(names.values()), Hints(), "the names of the YOLO set")
        ids = {number: index[name] for number, name in names.items()}
        listed = splits_of(raw, yaml, content) if yaml else {}
        images = pictures_in(raw)
        labels = {path: label_of(path, raw) for path in images}
        problems = [
            Problem("", relative(path, raw), "it has no image: add it under images/, or remove the text file")
            for path in sorted(set(texts) - set(labels.values()))
            if LABELS in path.relative_to(raw).parts
        ]
        records = []
        for path, text in labels.items():
            parts = path.relative_to(raw).parts
            name = Path(*(part for part in parts if part != IMAGES)).with_suffix("").as_posix()
            split = split_in(parts[:-1]) or next(
                (s for listed_path, s in listed.items() if path == listed_path or listed_path in path.parents), None
            )
            there = text.is_file()
            records.append(
                Record(
                    name,
                    split,
                    partial(read_picture, path, hints.image_range),
                    partial(read_outlines, text, path, ids, names, base, self.order) if there else None,
                    file=relative(path, raw),
                    mask_file=relative(text, raw) if there else "",
                )  # fmt: skip
            )
        where = relative(yaml, raw) if yaml else "classes.txt"
        notes = (
            f"classes named by {'ingest.classes' if hints.classes else where}",
            f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {classes[base]}",
        )
        names_files = {
            "classes.txt",
            "README.roboflow.txt",
            "README.dataset.txt",
            *([relative(yaml, raw)] if yaml else []),
        }
        return Source(
            classes, class_ids(classes, (), "yolo_seg"), records, (), tuple(problems), notes,
            used=frozenset(names_files | {relative(path, raw) for path, _ in (entries_of(yaml, content) if yaml else []) if path.is_file()}),
        )  # fmt: skip


def yaml_of(raw: Path) -> Path | None:
    """The YAML file that names the classes: data.yaml, or any other."""
    files = sorted((*raw.glob("*.yaml"), *raw.glob("*.yml")), key=lambda path: (path.stem != "data", path.name))
    return next((path for path in files if "names" in path.read_text(encoding="utf-8-sig", errors="replace")), None)


def read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = YAML(typ="safe").load(read_text(path))
    except YAMLError as trouble:
        raise ValueError(f"{path} is not YAML: {str(trouble).splitlines()[0]}") from None
    if not isinstance(content, dict) or not content.get("names"):
        raise ValueError(f"{path} names no classes: it needs the key names")
    return content


def class_names(raw: Path, yaml: Path | None, content: dict[str, Any], hints: Hints) -> dict[int, str]:
    """number -> name, in the order of the numbers."""
    if hints.classes:
        return dict(enumerate(hints.classes))
    if yaml:
        names = content["names"]
        if not isinstance(names, list | dict):
            raise ValueError(f"{yaml}: names is neither a list of classes nor {{0: first, 1: second, ...}}")
        return dict(
            sorted(numbered_names(names if isinstance(names, dict) else [str(name) for name in names], yaml).items())
        )
    path = raw / "classes.txt"
    if not path.is_file():
        raise ValueError(f"{raw}: nothing names the classes: add data.yaml with the key names, or classes.txt")
    lines = read_text(path).split("\n")
    return dict(enumerate(line.strip() for line in lines if line.strip()))


def entries_of(yaml: Path, content: dict[str, Any]) -> list[tuple[Path, str]]:
    """(file or folder, split) of data.yaml's train, val and test; paths that lead out of the folder begin in it."""
    entries = []
    for key, split in SPLIT_NAMES.items():
        value = content.get(key)
        for entry in value if isinstance(value, list) else [value] if isinstance(value, str) else []:
            entries.append((yaml.parent / inside(str(entry)), split))
    return entries


def splits_of(raw: Path, yaml: Path, content: dict[str, Any]) -> dict[Path, str]:
    """File or folder of images -> split; a text file lists images."""
    split_by_path: dict[Path, str] = {}
    for entry, split in entries_of(yaml, content):
        if entry.is_file():
            lines = [inside(line.strip()) for line in read_text(entry).split("\n") if line.strip()]
            split_by_path |= {root / line: split for line in lines for root in (yaml.parent, raw)}
        else:
            split_by_path[entry] = split
    return split_by_path


def inside(path: str) -> Path:
    """A path without what leads out of a folder."""
    return Path(*(part for part in Path(path).parts if part not in ("..", ".", "/")))


def label_of(image: Path, raw: Path) -> Path:
    """images/... becomes labels/..., the last folder of that name; without one, the text file stands beside the image."""
    parts = list(image.relative_to(raw).with_suffix(".txt").parts)
    if IMAGES in parts[:-1]:
        parts[len(parts) - 2 - parts[:-1][::-1].index(IMAGES)] = LABELS
    return raw.joinpath(*parts)


def read_outlines(
    text: Path, image: Path, ids: dict[int, int], names: dict[int, str], base: int, order: Order
) -> np.ndarray:
    """The mask of one image; lines that are wrong are reported by number."""
    rows, columns, turn = stored_size(image)
    sides = (rows, columns) if turn in SWAPPED else (columns, rows)  # width and height, upright
    shapes = []
    for number, line in enumerate(read_text(text).split("\n"), 1):
        words = line.split()
        if not words:
            continue
        shapes.append(shape_of(words, f"line {number}", sides, ids, names))
    return drawn_on(image, shapes, None, base, order, "upright")


def shape_of(words: list[str], name: str, sides: tuple[int, int], ids: dict[int, int], names: dict[int, str]) -> Shape:
    try:
        label, *values = [float(word) for word in words]
    except ValueError:
        return broken(name, "it is not made of numbers")
    if label not in ids:
        return broken(name, f"it has the class {words[0]}, and {min(names)} to {max(names)} are named")
    if len(values) == 4:
        return broken(name, "it is a box of five numbers, without an outline: export segmentation labels")
    if values and not (min(values) >= -TOLERANCE and max(values) <= 1 + TOLERANCE):
        return broken(name, "it has a coordinate outside 0 to 1: they are shares of the width and height")
    points = [min(max(value, 0.0), 1.0) * sides[k % 2] for k, value in enumerate(values)]
    return polygon_shape(ids[int(label)], [points], f"{name} ({names[int(label)]})")
