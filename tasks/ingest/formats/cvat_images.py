"""CVAT for images 1.1: annotations.xml with polygons, masks, boxes and ellipses, and images/.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/. Polygons and boxes are drawn by pycocotools, as CVAT
itself does for its mask exports; ellipses by pixel centres; masks are run lengths of outside and inside along the rows of a window.
Overlaps: a higher z_order lies over a lower one; within a layer `order`, by default later over earlier, as CVAT does.
Classes: the labels of the task or project in its order with their colours; background first.
Splits: the subsets Train, Validation and Test of a project; else as ingest.splits says.
EXIF: CVAT turns images before people draw.
Limits: points, polylines, cuboids, skeletons and tags have no area and are not drawn, which is said. CVAT for video (tracks) is
refused. What an image without shapes is: field empty (a warning names them); one that is not listed has no mask.
"""

from collections import Counter
from functools import partial
from math import radians
from pathlib import Path
from re import fullmatch
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.formats._shapes import (
    Order,
    Shape,
    cover_ellipse,
    drawn_on,
    pasted,
    polygon_shape,
    rotated,
    with_background,
    without_area,
)
from tasks.ingest.formats._unannotated import DESCRIPTION, Unannotated, settled
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.source import (
    SPLIT_NAMES,
    Hints,
    Problem,
    Record,
    Source,
    class_ids,
    identifier,
    not_laid_out,
    relative,
)

AREAS = ("polygon", "mask", "box", "ellipse")
HEAD = 1 << 16


class CvatImages(Method):
    name: Literal["cvat_images"] = "cvat_images"
    order: Order = Field("later_over_earlier", description="which of two overlapping shapes of one z_order is seen")

    empty: Unannotated = Field("background", description=DESCRIPTION)

    @staticmethod
    def sees(raw: Path) -> str:
        files = files_of(raw)
        return f"it has annotations of CVAT: {relative(files[0], raw)}" if files else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files = files_of(raw)
        if not files:
            raise not_laid_out(raw, self.name, "annotations.xml of 'CVAT for images 1.1' is expected")
        trees = {path: parsed(path) for path in files}
        listed = {name: colour for tree in trees.values() for name, colour in labels_of(tree).items()}
        if not listed:
            raise ValueError(f"{files[0]} names no labels (meta/.../labels): export it again from CVAT")
        classes, index, base = with_background(tuple(listed), hints, "annotations.xml")
        images, kinds = NamedImages(raw), Counter[tuple[str, str]]()
        records: list[Record] = []
        problems: list[Problem] = []
        seen: set[Path] = set()
        empty: set[str] = set()
        for file, tree in trees.items():
            for entry in tree.iter("image"):
                title, subset = entry.get("name", ""), entry.get("subset", "")
                try:
                    path = images.find(title, (raw / "images" / subset, raw / "images", raw))
                except ValueError as trouble:
                    problems.append(Problem("", relative(file, raw), f"it lists {title}, {trouble}"))
                    continue
                if path in seen:
                    problems.append(
                        Problem("", relative(file, raw), f"it lists {title} twice: remove one of the entries")
                    )
                    continue
                seen.add(path)
                shapes, wrong = shapes_of(entry, index, kinds)
                name = identifier(path, raw)
                if not shapes and not wrong:
                    empty.add(name)
                problems += [Problem(name, relative(file, raw), f"image {title}: {text}") for text in wrong]
                size = tuple(
                    int(side) if side.isdigit() else 0 for side in (entry.get("height", ""), entry.get("width", ""))
                )
                mask = partial(
                    drawn_on, path, shapes, (size[0], size[1]) if all(size) else None, base, self.order, "upright"
                )
                records.append(
                    Record(
                        name,
                        SPLIT_NAMES.get(subset.lower()),
                        partial(read_picture, path, hints.image_range),
                        mask,
                        file=relative(path, raw),
                        mask_file=f"annotations of {relative(path, raw)}",
                    )  # fmt: skip
                )
        records += [
            Record(
                identifier(path, raw), None, partial(read_picture, path, hints.image_range), file=relative(path, raw)
            )
            for path in images.every
            if path not in seen
        ]
        order = self.order.replace("_", " ")
        notes = [f"overlaps: by z_order, then {order}; uncovered pixels are {classes[base]}", *without_area(kinds)]
        records, refused, notes_on_empty = settled(
            records, empty, self.empty, str(classes[base]), "ingest.format.cvat_images.empty"
        )
        problems += refused
        notes += notes_on_empty
        colours = tuple(listed.values())
        colours = ((0, 0, 0), *colours) if len(classes) > len(colours) else colours
        return Source(
            classes, class_ids(classes, (), "cvat_images"), records, colours, tuple(problems), tuple(notes),
            used=frozenset(relative(path, raw) for path in files),
        )  # fmt: skip


def files_of(raw: Path) -> list[Path]:
    return [path for path in sorted(raw.glob("*.xml")) if is_cvat(path)]


def is_cvat(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(HEAD)
    return b"<annotations>" in head and (b"<image " in head or b"<track " in head or b"<meta>" in head)


def parsed(path: Path) -> Element:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        tree: Element = parse(path).getroot()
    except (ParseError, DefusedXmlException) as trouble:
        raise ValueError(f"{path} cannot be read as XML ({trouble}): export it again from CVAT") from None
    if tree.find("track") is not None:
        raise ValueError(f"{path} is 'CVAT for video' (it has tracks): export the task as 'CVAT for images 1.1'")
    return tree


def labels_of(tree: Element) -> dict[str, tuple[int, int, int]]:
    """name -> colour; the parts of skeletons are no classes."""
    colours = {}
    for label in tree.iterfind("meta//labels/label"):
        name, colour = label.findtext("name", "").strip(), label.findtext("color", "").lstrip("#")
        if name and label.find("parent") is None:
            code = colour if fullmatch(r"[0-9a-fA-F]{6}", colour) else "808080"
            colours[name] = (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))
    return colours


def shapes_of(
    entry: Element, index: dict[str, int], kinds: Counter[tuple[str, str]]
) -> tuple[tuple[Shape, ...], list[str]]:
    """The shapes of one image, and what is wrong with them; what has no area is counted in `kinds`."""
    shapes, wrong = [], []
    for number, element in enumerate(entry, 1):
        label = element.get("label", "")
        name = f"{element.tag} {number} ({label})"
        if element.tag not in AREAS:
            kinds[element.tag, label] += 1
        elif label not in index:
            wrong.append(f"{name}: the list of labels does not have this one: export it again from CVAT")
        else:
            try:
                shapes.append(shape_of(element, index[label], name))
            except (KeyError, ValueError) as trouble:
                wrong.append(f"{name}: it cannot be read ({trouble}): export it again from CVAT")
    return tuple(shapes), wrong


def shape_of(element: Element, label: int, name: str) -> Shape:
    values: dict[str, Any] = dict(element.attrib)
    layer = int(values.get("z_order", 0))
    if element.tag == "polygon":
        points = [float(value) for pair in values["points"].split(";") for value in pair.split(",")]
        return polygon_shape(label, [points], name, layer)
    if element.tag == "mask":
        runs = [int(value) for value in values["rle"].split(",")]
        left, top, width, height = (int(values[key]) for key in ("left", "top", "width", "height"))
        if sum(runs) != width * height or min(runs) < 0:
            raise ValueError(f"its run lengths add up to {sum(runs)}, not to {height} x {width} pixels")
        extent = (float(left), float(top), float(left + width), float(top + height))
        return Shape(label, partial(cover_runs, tuple(runs), top, left, width), name, extent, layer)
    turn = radians(float(values.get("rotation", 0)))
    if element.tag == "box":
        x, y, right, bottom = (float(values[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
        centre = ((x + right) / 2, (y + bottom) / 2)
        corners = [(x, y), (right, y), (right, bottom), (x, bottom)]
        flat = [value for corner in corners for value in rotated(*corner, *centre, turn)]
        shape = polygon_shape(label, [flat], name, layer)
        return shape._replace(extent=None) if turn else shape  # turned boxes may have a corner outside
    cx, cy, rx, ry = (float(values[key]) for key in ("cx", "cy", "rx", "ry"))
    return Shape(label, partial(cover_ellipse, cx, cy, rx, ry, turn), name, None, layer)


def cover_runs(
    runs: tuple[int, ...], top: int, left: int, columns: int, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """Runs of outside, inside, outside, ... along the rows of a window."""
    window = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(-1, columns)
    return pasted(window, top, left, height, width)
