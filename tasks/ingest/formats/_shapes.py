"""Objects of annotation files, drawn as one map of class ids in a declared order of overlaps.

Polygons and COCO's run lengths are drawn by pycocotools: pixel (0, 0) covers x and y from 0 to 1. What draws a shape is
a `functools.partial` of a function of a module, so that shapes cross process borders.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, UInt8

from tasks.ingest.reading.image_files import opened, orientation, turned

Order = Literal["smaller_over_larger", "larger_over_smaller", "later_over_earlier"]
DrawnOn = Literal["upright", "stored", "auto"]
Extent = tuple[float, float, float, float]  # smallest x and y, largest x and y
Cover = Callable[[int, int], np.ndarray]  # (height, width) -> bool (h, w)
SLACK = 1.0  # pixels by which an outline may reach beyond its image: tools round
NAMED = 3  # troubles of one image that are written out


class Shape(NamedTuple):
    """One annotated object."""

    label: int  # our class id, or VOID
    cover: Cover  # its pixels; raises ValueError for an outline that cannot be drawn
    name: str  # what messages call it: "annotation 7 (cat)"
    extent: Extent | None = None  # of its outline, where that may reach beyond the image
    layer: int = 0  # higher lies over lower; the order of overlaps decides within a layer


def drawn(shapes: Sequence[Shape], height: int, width: int, base: int, order: Order) -> Int32[np.ndarray, "h w"]:
    """All shapes on a ground of `base`. Raises ValueError that names the shapes which cover no pixel, and why."""
    places, wrong = [], []
    for shape in shapes:
        pixels = np.zeros(0, np.int64)
        try:
            check_extent(shape.extent, height, width)
            pixels = np.flatnonzero(shape.cover(height, width))  # indices of pixels: little memory each
            if not pixels.size:
                wrong.append(f"{shape.name} covers no pixel of the {height} x {width} image: correct or remove it")
        except ValueError as trouble:
            wrong.append(f"{shape.name}: {trouble}")
        places.append(pixels)
    if wrong:
        more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        raise ValueError("; ".join(wrong[:NAMED]) + more)
    sign = {"smaller_over_larger": -1, "larger_over_smaller": 1, "later_over_earlier": 0}[order]
    labels = np.full(height * width, base, np.int32)
    for k in sorted(range(len(shapes)), key=lambda k: (shapes[k].layer, sign * len(places[k]))):  # ties: as listed
        labels[places[k]] = shapes[k].label
    return labels.reshape(height, width)


def drawn_on(
    image: Path, shapes: Sequence[Shape], size: tuple[int, int] | None, base: int, order: Order, on: DrawnOn
) -> Int32[np.ndarray, "h w"]:
    """All shapes on the ground of an image file, upright.

    `size` is (height, width) as the annotations declare it, None where they do not. `on`: what the shapes were drawn on
    where EXIF turns the image; auto decides it from the sizes and raises ValueError where they do not tell.
    """
    with opened(image) as picture:
        turn = orientation(image, picture)
        stored = (picture.height, picture.width)
    upright = stored[::-1] if turn >= 5 else stored
    if on == "auto":
        on = "upright" if turn == 1 else decided(shapes, size, stored, upright)
    ground = upright if on == "upright" else stored
    if size not in (None, stored, upright):
        raise ValueError(
            f"its size is given as {size[0]} x {size[1]} (rows x columns) and the image file has {ground[0]} x {ground[1]}: "  # type: ignore[index]
            "export the annotations of this image again, or put the image back that was annotated"
        )
    labels = drawn(shapes, *ground, base, order)
    return labels if on == "upright" else np.ascontiguousarray(turned(labels, turn))


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
    raise ValueError(
        "EXIF turns its image, and the sizes do not tell whether the outlines were drawn on the turned or on the stored "
        "picture: say it in ingest.format.coco.drawn_on: upright or stored"
    )


def fits(extent: Extent | None, height: int, width: int) -> bool:
    if extent is None:
        return True
    left, top, right, bottom = extent
    return min(left, top) >= -SLACK and right <= width + SLACK and bottom <= height + SLACK


def check_extent(extent: Extent | None, height: int, width: int) -> None:
    """Raises ValueError for an outline that reaches beyond the image."""
    if extent is not None and not fits(extent, height, width):
        left, top, right, bottom = extent
        raise ValueError(
            f"it reaches from x, y = {left:g}, {top:g} to {right:g}, {bottom:g}, and the image from 0, 0 to {width}, {height}: "
            "correct or remove it"
        )


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


def cover_polygons(polygons: Sequence[Any], height: int, width: int) -> Bool[np.ndarray, "h w"]:
    from pycocotools import mask as coco_masks  # here, for only formats with outlines need it

    for points in polygons:
        check_polygon(points)
    pieces = coco_masks.frPyObjects([list(map(float, points)) for points in polygons], height, width)
    return coco_masks.decode(coco_masks.merge(pieces)).astype(bool)


def check_polygon(points: Any) -> None:
    """Raises ValueError for what is no polygon."""
    if not isinstance(points, list | tuple) or not all(isinstance(value, int | float) for value in points):
        raise ValueError("its outline is no list of numbers x, y, x, y, ...: correct or remove it")
    if not all(isfinite(value) for value in points):
        raise ValueError("its outline has a coordinate that is not finite: correct or remove it")
    if len(points) % 2:
        raise ValueError(
            f"its outline has {len(points)} numbers, and pairs of x and y are needed: correct or remove it"
        )
    if len(points) < 6:
        raise ValueError(
            f"its outline has {len(points) // 2} corners, and a polygon has three or more: correct or remove it"
        )


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
        raise ValueError(f"its run lengths add up to {sum(runs)}, not to {height} x {width} pixels: export it again")
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
            raise ValueError("its run lengths are not COCO's compressed text: export it again")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more follow
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its run lengths end in the middle of a number: export it again")
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
