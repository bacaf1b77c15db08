"""Supervisely: meta.json, and per data set img/<file> with ann/<file>.json; polygons, bitmaps and rectangles.

Source: https://docs.supervisely.com/data-organization/00_ann_format_navi; drawn as its SDK draws (supervisely/geometry of 6.x):
polygons by OpenCV's fillPoly on whole coordinates, borders included, holes taken out; multipolygons part by part; bitmaps and alpha masks as PNG at
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
from re import fullmatch
from typing import Any, Literal
from zlib import decompress
from zlib import error as ZlibError

import numpy as np
from jaxtyping import Bool
from PIL import Image
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.formats._json_parts import object_of, objects_of, read_object, size_in
from tasks.ingest.formats._shapes import (
    Order,
    Shape,
    broken,
    drawn_on,
    extent_of,
    pasted,
    split_in,
    with_background,
    without_area,
)
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.source import Hints, Problem, Record, Source, class_ids, relative

Corners = tuple[tuple[float, float], ...]
NO_AREAS = ("point", "line", "graph", "cuboid")


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
        listed = objects_of(read_object(raw / "meta.json"), "classes", raw / "meta.json")
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
                        for figure in objects_of(read_object(annotation), "objects", annotation)
                        if kind_of(figure) in NO_AREAS
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
        colours = colours_of(listed)
        if colours and len(classes) > len(colours):
            colours = ((0, 0, 0), *colours)
        return Source(
            classes, class_ids(classes, (), "supervisely"), records, colours, tuple(problems), tuple(notes),
            used=frozenset({"meta.json"}), reads="pictures are read in <data set>/img/",
        )  # fmt: skip


def colours_of(listed: list[dict[str, Any]]) -> tuple[tuple[int, int, int], ...]:
    """The classes' colours; none unless all are #RRGGBB."""
    codes = [str(entry.get("color", "")).lstrip("#") for entry in listed]
    if not all(fullmatch(r"[0-9a-fA-F]{6}", code) for code in codes):
        return ()
    return tuple((int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)) for code in codes)


def kind_of(figure: dict[str, Any]) -> str:
    """The geometry of a figure; older projects do not name it."""
    kind = figure.get("geometryType") or figure.get("shape")
    return str(kind or ("bitmap" if figure.get("bitmap") else "polygon"))


def read_annotation(path: Path, image: Path, index: dict[str, int], base: int, order: Order) -> np.ndarray:
    content = read_object(path)
    shapes = []
    for number, figure in enumerate(objects_of(content, "objects", path), 1):
        label, kind = str(figure.get("classTitle")), kind_of(figure)
        name = f"object {figure.get('id', number)} ({label})"
        if kind in NO_AREAS:
            continue
        if label not in index:
            shapes.append(broken(name, "meta.json does not have this class"))
        else:
            shapes.append(shape_of(figure, kind, index[label], name))
    return drawn_on(image, shapes, size_in(object_of(content, "size"), "height", "width"), base, order, "upright")


def shape_of(figure: dict[str, Any], kind: str, label: int, name: str) -> Shape:
    try:
        if kind in ("bitmap", "alpha_mask"):
            left, top = (int(value) for value in figure["bitmap"]["origin"])
            bitmap = bitmap_of(figure["bitmap"]["data"])
            extent = (float(left), float(top), float(left + bitmap.shape[1]), float(top + bitmap.shape[0]))
            return Shape(label, partial(pasted, bitmap, top, left), name, extent)
        parts = figure["parts"] if kind == "multipolygon" else [figure["points"]]
        outlines = [
            (corners_of(part["exterior"]), tuple(corners_of(hole) for hole in part.get("interior") or []))
            for part in parts
        ]
        every = [corners for outer, holes in outlines for corners in (outer, *holes)]
        reach = extent_of([[value for corner in corners for value in corner] for corners in every])
        if reach is None:
            return broken(name, "an outline of it is empty, or has a coordinate that is not finite")
        if kind == "rectangle":
            _, _ = outlines[0][0]  # two corners
            return Shape(label, partial(cover_rectangle, *reach), name, reach)
    except (AttributeError, KeyError, TypeError, ValueError) as trouble:
        return broken(name, f"it cannot be read as a {kind} ({trouble})")
    if kind not in ("polygon", "multipolygon"):
        return broken(
            name, f"a figure of the kind {kind} is not read: convert it to a polygon or a bitmap in Supervisely"
        )
    if any(len(corners) < 3 for outer, holes in outlines for corners in (outer, *holes)):
        return broken(name, "an outline of it has fewer than three corners")
    return Shape(label, partial(cover_outlines, tuple(outlines)), name, reach)


def corners_of(points: list[Any]) -> Corners:
    return tuple((float(x), float(y)) for x, y in points)


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


def cover_outlines(
    outlines: tuple[tuple[Corners, tuple[Corners, ...]], ...], height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """Outlines without their holes, as supervisely.Polygon draws them."""
    from cv2 import fillPoly  # here, for it takes time to load

    def whole(corners: Corners) -> np.ndarray:
        """Coordinates rounded down; those on the far border belong to the last pixel."""
        return np.array([(floor(x) - (x == width), floor(y) - (y == height)) for x, y in corners], np.int32)

    covered = np.zeros((height, width), bool)
    for outer, holes in outlines:
        ground = np.zeros((height, width), np.uint8)
        fillPoly(ground, [whole(outer)], 1)
        if holes:
            fillPoly(ground, [whole(hole) for hole in holes], 0)
        covered |= ground.astype(bool)
    return covered


def cover_rectangle(
    left: float, top: float, right: float, bottom: float, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """From rounded left and top to rounded right and bottom, as Rectangle._round_subpixel_coordinates rounds them."""
    x, y = (ceil(value) if value % 1 >= 0.7 else floor(value) for value in (left, top))
    x_end, y_end = (ceil(value) if value % 1 >= 0.3 else floor(value) for value in (right, bottom))
    ground = np.zeros((height, width), bool)
    ground[max(y, 0) : max(y + 1, y_end), max(x, 0) : max(x + 1, x_end)] = True
    return ground
