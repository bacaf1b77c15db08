"""Supervisely: meta.json, and per data set img/<file> with ann/<file>.json; polygons, bitmaps and rectangles.

Source: https://docs.supervisely.com/data-organization/00_ann_format_navi; drawn as its SDK draws (supervisely/geometry of 6.x):
polygons by OpenCV's fillPoly on whole coordinates, borders included, holes taken out; bitmaps and alpha masks as PNG at
their origin; rectangles with rounded borders.
Overlaps: `order`; by default later over earlier, as the SDK draws.
Classes: those of meta.json in its order with their colours; background first. Splits: data sets named train, val, test.
EXIF: Supervisely turns images when they are uploaded; sizes in ann/ are those of the upright image.
Limits: points, lines and other figures without an area are not drawn, which is said. An image without ann/ has no mask.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from contextlib import suppress
from functools import partial
from io import BytesIO
from math import ceil, floor
from pathlib import Path
from typing import Any, Literal
from zlib import decompress
from zlib import error as ZlibError

import numpy as np
from jaxtyping import Bool
from PIL import Image
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.formats._shapes import (
    Order,
    Shape,
    drawn_on,
    extent_of,
    pasted,
    split_in,
    with_background,
    without_area,
)
from tasks.ingest.reading.class_names import read_json
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.source import Hints, Problem, Record, Source, class_ids, relative

AREAS = ("polygon", "bitmap", "rectangle", "alpha_mask")


class Supervisely(Method):
    name: Literal["supervisely"] = "supervisely"
    order: Order = Field("later_over_earlier", description="which of two overlapping objects is seen")

    @staticmethod
    def sees(raw: Path) -> str:
        meta = raw / "meta.json"
        there = meta.is_file() and any(path.is_dir() for path in raw.rglob("ann"))
        return "it has meta.json and folders ann" if there and '"classes"' in meta.read_text(errors="replace") else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        folders = sorted(path for path in raw.rglob("ann") if path.is_dir())
        if not (raw / "meta.json").is_file() or not folders:
            raise ValueError(f"{raw} is not laid out as supervisely: meta.json and <data set>/ann are expected")
        listed = read_json(raw / "meta.json").get("classes", [])
        names = tuple(str(entry.get("title")) for entry in listed)
        if not names:
            raise ValueError(f"{raw / 'meta.json'} names no classes: export the project with its classes")
        classes, index, base = with_background(names, hints, "meta.json")
        records, problems, kinds = [], [], Counter[tuple[str, str]]()
        for folder in folders:
            images = (
                {path.name: path for path in pictures_in(folder.parent / "img")}
                if (folder.parent / "img").is_dir()
                else {}
            )
            files = {path.name.removesuffix(".json"): path for path in sorted(folder.glob("*.json"))}
            for name in sorted(set(files) - set(images)):
                reason = f"its image img/{name} is not there: add it, or remove this file"
                problems.append(Problem("", relative(files[name], raw), reason))
            for name, image in images.items():
                where = (*folder.parent.relative_to(raw).parts, Path(name).stem)
                annotation = files.get(name) or files.get(Path(name).stem)
                if annotation:
                    kinds.update(
                        (kind_of(figure), str(figure.get("classTitle")))
                        for figure in read_json(annotation).get("objects", [])
                        if kind_of(figure) not in AREAS
                    )
                records.append(
                    Record(
                        "/".join(where),
                        split_in(where[:-1]),
                        partial(read_picture, image, hints.image_range),
                        partial(read_annotation, annotation, image, index, base, self.order) if annotation else None,
                        file=relative(image, raw),
                        mask_file=relative(annotation, raw) if annotation else "",
                    )  # fmt: skip
                )
        notes = [
            f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {classes[base]}",
            *without_area(kinds),
        ]
        colours = tuple(colour_of(entry) for entry in listed)
        if len(classes) > len(colours):
            colours = ((0, 0, 0), *colours)
        return Source(
            classes, class_ids(classes, (), "supervisely"), records, colours, tuple(problems), tuple(notes),
            used=frozenset({"meta.json"}), reads="pictures are read in <data set>/img/",
        )  # fmt: skip


def colour_of(entry: dict[str, Any]) -> tuple[int, int, int]:
    text = str(entry.get("color", "")).lstrip("#")
    try:
        return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)
    except ValueError:
        raise ValueError(f"meta.json: the colour '{text}' of the class '{entry.get('title')}' is not #RRGGBB") from None


def kind_of(figure: dict[str, Any]) -> str:
    """The geometry of a figure; older projects do not name it."""
    kind = figure.get("geometryType") or figure.get("shape")
    return str(kind or ("bitmap" if figure.get("bitmap") else "polygon"))


def read_annotation(path: Path, image: Path, index: dict[str, int], base: int, order: Order) -> np.ndarray:
    content = read_json(path)
    size = content.get("size", {})
    declared = (size.get("height"), size.get("width"))
    shapes = []
    for number, figure in enumerate(content.get("objects", []), 1):
        label, kind = str(figure.get("classTitle")), kind_of(figure)
        name = f"object {figure.get('id', number)} ({label})"
        if kind not in AREAS:
            continue
        if label not in index:
            raise ValueError(f"{name}: meta.json does not have this class: add it, or correct the object")
        shapes.append(shape_of(figure, kind, index[label], name))
    known = declared if all(isinstance(value, int) for value in declared) else None
    return drawn_on(image, shapes, known, base, order, "upright")


def shape_of(figure: dict[str, Any], kind: str, label: int, name: str) -> Shape:
    """Raises ValueError for a figure that is not whole."""
    try:
        if kind in ("bitmap", "alpha_mask"):
            left, top = (int(value) for value in figure["bitmap"]["origin"])
            bitmap = bitmap_of(figure["bitmap"]["data"])
            extent = (float(left), float(top), float(left + bitmap.shape[1]), float(top + bitmap.shape[0]))
            return Shape(label, partial(pasted, bitmap, top, left), name, extent)
        outer = [(float(x), float(y)) for x, y in figure["points"]["exterior"]]
        holes = [[(floor(x), floor(y)) for x, y in hole] for hole in figure["points"].get("interior") or []]
        extent_here = extent_of([[value for corner in outer for value in corner]])
        if kind == "rectangle":
            (x, y), (right, bottom) = outer
            return Shape(
                label,
                partial(cover_rectangle, min(x, right), min(y, bottom), max(x, right), max(y, bottom)),
                name,
                extent_here,
            )
    except (KeyError, TypeError, ValueError) as trouble:
        raise ValueError(f"{name}: it cannot be read as a {kind} ({trouble}): correct or remove it") from None
    if len(outer) < 3 or any(len(hole) < 3 for hole in holes):
        raise ValueError(f"{name}: an outline of it has fewer than three corners: correct or remove it")
    corners = tuple((floor(x), floor(y)) for x, y in outer)
    return Shape(label, partial(cover_polygon, corners, tuple(map(tuple, holes))), name, extent_here)


def bitmap_of(text: str) -> Bool[np.ndarray, "r c"]:
    """base64 of a PNG, compressed by zlib or not: its alpha where it has one, else what is not black."""
    try:
        data = b64decode(text)
        with suppress(ZlibError):  # older projects hold the PNG itself
            data = decompress(data)
        with Image.open(BytesIO(data)) as picture:
            clear = picture.mode in ("RGBA", "LA") or "transparency" in picture.info
            pixels = picture.convert("RGBA").getchannel("A") if clear else picture.convert("RGB")
            values = np.asarray(pixels) > 0
            return values if clear else np.logical_or.reduce(values, axis=2)
    except (*UNREADABLE, Base64Error):
        raise ValueError("its data are no PNG in base64") from None


def cover_polygon(
    outer: tuple[tuple[int, int], ...], holes: tuple[tuple[tuple[int, int], ...], ...], height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    from cv2 import fillPoly  # here, for it takes time to load

    ground = np.zeros((height, width), np.uint8)
    fillPoly(ground, [np.array(outer, np.int32)], 1)
    if holes:
        fillPoly(ground, [np.array(hole, np.int32) for hole in holes], 0)
    return ground.astype(bool)


def cover_rectangle(
    left: float, top: float, right: float, bottom: float, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """From rounded left and top to rounded right and bottom, as Rectangle._round_subpixel_coordinates rounds them."""
    x, y = (ceil(value) if value % 1 >= 0.7 else floor(value) for value in (left, top))
    x_end, y_end = (ceil(value) if value % 1 >= 0.3 else floor(value) for value in (right, bottom))
    ground = np.zeros((height, width), bool)
    ground[max(y, 0) : max(y + 1, y_end), max(x, 0) : max(x + 1, x_end)] = True
    return ground
