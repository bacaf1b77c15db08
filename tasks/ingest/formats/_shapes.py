"""Objects of annotation files, drawn as one map of class ids in a declared order of overlaps.

Polygons and COCO's run lengths are drawn by pycocotools: pixel (0, 0) covers x and y from 0 to 1. What draws a shape is
a `functools.partial` of a function of a module, so that shapes cross process borders.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from math import cos, isfinite, sin
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from segmend.images.rasters import VOID
from tasks.ingest.reading.context import READING, DrawnObject, account, check_size
from tasks.ingest.reading.exif import SWAPPED, TURNS, stored_size, turned
from tasks.ingest.reading.source import SPLIT_NAMES, Hints, class_ids, renamed

Order = Literal["smaller_over_larger", "larger_over_smaller", "later_over_earlier"]
DrawnOn = Literal["upright", "size", "auto"]
Extent = tuple[float, float, float, float]  # smallest x and y, largest x and y
Cover = Callable[[int, int], np.ndarray]  # (height, width) -> bool (h, w)
SLACK = 1.0  # pixels by which an outline may reach beyond its image: tools round
BACKGROUND_NAMES = ("background", "_background_")


class Shape(NamedTuple):
    """One annotated object. What it covers becomes a problem of its image where that is no pixel, or more than the image."""

    label: int  # our class id, or VOID
    cover: Cover  # its pixels; raises ValueError, with the reason, for an outline that cannot be drawn
    name: str  # what messages call it: "annotation 7 (cat)"
    extent: Extent | None = None  # of its outline, where that may reach beyond the image
    layer: int = 0  # higher lies over lower; the order of overlaps decides within a layer


def drawn(shapes: Sequence[Shape], height: int, width: int, base: int, order: Order) -> Int32[np.ndarray, "h w"]:
    """All shapes on a ground of `base`. What became of each is accounted for (reading/context.py)."""
    check_size(height, width)
    places: list[np.ndarray] = []
    reasons: list[str] = []
    for shape in shapes:
        reason, pixels = outside(shape.extent, height, width), np.zeros(0, np.int64)
        if not reason:
            try:
                pixels = np.flatnonzero(shape.cover(height, width))  # indices of pixels: little memory each
            except ValueError as trouble:
                reason = str(trouble)
        places.append(pixels)
        reasons.append(reason)
    sign = {"smaller_over_larger": -1, "larger_over_smaller": 1, "later_over_earlier": 0}[order]
    seen = np.full(height * width, -1, np.int32)  # the number of the shape on top
    for k in sorted(range(len(shapes)), key=lambda k: (shapes[k].layer, sign * len(places[k]))):  # ties: as listed
        seen[places[k]] = k
    visible = np.bincount(seen + 1, minlength=len(shapes) + 1)[1:].tolist()
    labels = np.array([base, *(shape.label for shape in shapes)], np.int32)[seen + 1]
    for shape, pixels, count, reason in zip(shapes, places, visible, reasons, strict=True):
        account(DrawnObject(shape.name, len(pixels), count, reason))
    return labels.reshape(height, width)


def drawn_on(
    image: Path, shapes: Sequence[Shape], size: tuple[int, int] | None, base: int, order: Order, on: DrawnOn
) -> Int32[np.ndarray, "h w"]:
    """All shapes on the ground of an image file, upright.

    `size` is (height, width) as the annotations declare it, None where they do not. `on`: what the shapes were drawn on
    where EXIF turns the image. size: the one of the two that has the declared size, which is upright for half turns;
    auto: as the sizes and the outlines' extent tell, else as ingest.masks_drawn_on says. Raises ValueError where
    nothing tells, and for a size that is neither.
    """
    rows, columns, turn = stored_size(image)
    stored = (rows, columns)
    upright = (columns, rows) if turn in SWAPPED else stored
    if size not in (None, stored, upright):
        height, width = size or stored
        raise ValueError(
            f"its size is given as {height} x {width} (rows x columns) and the image file has {upright[0]} x {upright[1]}: "
            "export the annotations of this image again, or put the image back that was annotated"
        )
    side: Literal["upright", "stored"] = "upright"
    if on == "size" and size not in (None, upright):
        side = "stored"
    elif on == "auto" and turn in TURNS:
        side = decided(shapes, size, stored, upright)
    if side == "upright":
        return drawn(shapes, *upright, base, order)
    return turned(drawn(shapes, *stored, base, order), turn)


def decided(
    shapes: Sequence[Shape], size: tuple[int, int] | None, stored: tuple[int, int], upright: tuple[int, int]
) -> Literal["upright", "stored"]:
    """Whether shapes were drawn on the upright image or on the stored one, from the declared size and how far they reach."""
    if size == upright != stored:
        return "upright"
    inside = {
        where: all(fits(shape.extent, *ground) for shape in shapes)
        for where, ground in (("upright", upright), ("stored", stored))
    }
    if inside["upright"] and not inside["stored"]:
        return "upright"
    if inside["stored"] and not inside["upright"]:
        return "stored"
    side = READING.get().masks_drawn_on
    if not side:
        raise ValueError(
            "EXIF turns its image, and the sizes do not tell on which of the two its outlines were drawn: set "
            "ingest.masks_drawn_on to stored (labelled in a tool that ignores EXIF) or upright (as viewers show the image)"
        )
    return side


def fits(extent: Extent | None, height: int, width: int) -> bool:
    if extent is None:
        return True
    left, top, right, bottom = extent
    return min(left, top) >= -SLACK and right <= width + SLACK and bottom <= height + SLACK


def outside(extent: Extent | None, height: int, width: int) -> str:
    """Why an outline that reaches beyond the image cannot be right; "" where it does not."""
    if extent is None or fits(extent, height, width):
        return ""
    left, top, right, bottom = extent
    return f"it reaches from x, y = {left:g}, {top:g} to {right:g}, {bottom:g}, and the image from 0, 0 to {width}, {height}"


def extent_of(polygons: Sequence[Any]) -> Extent | None:
    """Of all numbers of [[x, y, x, y, ...], ...]; None for what is no list of pairs of numbers (drawing says so)."""
    if not polygons or any(not is_polygon(points) for points in polygons):
        return None
    x, y = ([float(value) for points in polygons for value in points[k::2]] for k in (0, 1))
    return min(x), min(y), max(x), max(y)


def is_polygon(points: Any) -> bool:
    return (
        isinstance(points, list | tuple)
        and len(points) >= 2
        and len(points) % 2 == 0
        and all(isinstance(value, int | float) and isfinite(value) for value in points)
    )


def polygon_shape(label: int, polygons: Sequence[Any], name: str, layer: int = 0) -> Shape:
    """A shape that is the union of polygons [[x, y, x, y, ...], ...]; one flat list of numbers is one polygon."""
    if polygons and all(isinstance(value, int | float) for value in polygons):
        polygons = [polygons]
    return Shape(label, partial(cover_polygons, tuple(polygons)), name, extent_of(polygons), layer)


def broken(name: str, reason: str) -> Shape:
    """An entry that cannot be read, kept among the shapes so that it is reported with them."""
    return Shape(VOID, partial(refuse, reason), name)


def refuse(reason: str, height: int, width: int) -> np.ndarray:
    raise ValueError(reason)


def cover_polygons(polygons: Sequence[Any], height: int, width: int) -> Bool[np.ndarray, "h w"]:
    from pycocotools import mask as coco_masks  # here, for only formats with outlines need it

    for points in polygons:
        check_polygon(points)
    pieces = coco_masks.frPyObjects([list(map(float, points)) for points in polygons], height, width)
    return coco_masks.decode(coco_masks.merge(pieces)).astype(bool)


def check_polygon(points: Any) -> None:
    """Raises ValueError for what is no polygon."""
    if not isinstance(points, list | tuple) or not all(isinstance(value, int | float) for value in points):
        raise ValueError("its outline is no list of numbers x, y, x, y, ...")
    if not all(isfinite(value) for value in points):
        raise ValueError("its outline has a coordinate that is not finite")
    if len(points) % 2:
        raise ValueError(f"its outline has {len(points)} numbers, and pairs of x and y are needed")
    if len(points) < 6:
        raise ValueError(f"its outline has {len(points) // 2} corners, and a polygon has three or more")


def cover_run_lengths(outline: dict[str, Any], height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """COCO's run lengths {"size": [h, w], "counts": [...] or "..."}: outside, inside, outside, ... down the columns."""
    from pycocotools import mask as coco_masks

    size, counts = outline.get("size"), outline.get("counts")
    if not isinstance(size, list) or list(size) != [height, width]:
        raise ValueError(
            f"its run lengths are for the size {size}, and the image is {height} x {width}: export it again"
        )
    runs = unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(isinstance(run, int) and run >= 0 for run in runs):
        raise ValueError(
            "its run lengths are neither a list of whole numbers nor COCO's compressed text: export it again"
        )
    if sum(runs) != height * width:  # pycocotools would leave the pixels that they do not reach to chance
        raise ValueError(f"its run lengths add up to {sum(runs)}, not to {height} x {width} pixels")
    return coco_masks.decode(coco_masks.frPyObjects({"size": size, "counts": runs}, height, width)).astype(bool)


def unpacked(text: str) -> list[int]:
    """Compressed run lengths (rleToString in cocoapi's maskApi.c) as numbers, for their sum to be checked.

    Five bits a character from '0' on, least first; from the fourth number on, differences to the one two before.
    """
    runs: list[int] = []
    value = shift = 0
    for byte in text.encode():
        bits = byte - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("its run lengths are not COCO's compressed text")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more follow
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its run lengths end in the middle of a number")
    return runs


def pasted(
    bitmap: Bool[np.ndarray, "r c"] | UInt8[np.ndarray, "r c"], top: int, left: int, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """A bitmap laid on an empty image; what reaches beyond the image is cut off."""
    ground = np.zeros((height, width), bool)
    rows, columns = bitmap.shape
    window = ground[max(top, 0) : top + rows, max(left, 0) : left + columns]
    window |= bitmap[max(-top, 0) :, max(-left, 0) :][: window.shape[0], : window.shape[1]].astype(bool)
    return ground


def with_background(names: Sequence[str], hints: Hints, where: str) -> tuple[tuple[str, ...], dict[str, int], int]:
    """The classes of a file that names objects only: all classes, name in the file -> class id, and the background's id.

    `background` is put in front, unless one of the names is that.
    """
    own = next((k for k, name in enumerate(names) if name.lower() in BACKGROUND_NAMES), None)
    first = ("background",) if own is None else ()
    classes = renamed((*first, *(name.strip("_") if k == own else name for k, name in enumerate(names))), hints, where)
    class_ids(classes, (), where)  # at most 254, no name twice
    return classes, {name: k + len(first) for k, name in enumerate(names)}, own or 0


def without_area(kinds: Counter[tuple[str, str]]) -> list[str]:
    """A note on objects that are not drawn, counted by (kind, label)."""
    if not kinds:
        return []
    parts = ", ".join(f"{count} x {kind} '{label}'" for (kind, label), count in sorted(kinds.items()))
    return [f"not drawn, since they have no area: {parts}"]


def split_in(parts: Sequence[str]) -> str | None:
    """The split that one of the folders of a path is named after."""
    return next((SPLIT_NAMES[part.lower()] for part in parts if part.lower() in SPLIT_NAMES), None)


def cover_ellipse(
    cx: float, cy: float, rx: float, ry: float, turn: float, height: int, width: int
) -> Bool[np.ndarray, "h w"]:
    """An ellipse turned clockwise (y points down) by `turn` radians; a pixel counts by its centre."""
    if not (rx > 0 and ry > 0):
        return np.zeros((height, width), bool)
    rows, columns = np.mgrid[:height, :width] + 0.5
    x, y = rotated(columns, rows, cx, cy, -turn)
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1


def rotated(x: Any, y: Any, cx: float, cy: float, turn: float) -> tuple[Any, Any]:
    """Points turned clockwise (y points down) around (cx, cy) by `turn` radians."""
    dx, dy = x - cx, y - cy
    return cx + dx * cos(turn) - dy * sin(turn), cy + dx * sin(turn) + dy * cos(turn)
