"""Outlines of annotation files (polygons, run lengths) drawn as a label map."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8


class Piece(NamedTuple):
    """One annotated object: its label, and its outline as COCO writes it."""

    label: int
    outline: Any  # [[x, y, x, y, ...], ...] or {"size": [h, w], "counts": [...] or "..."}


def drawn(pieces: list[Piece], height: int, width: int, base: int, order: str) -> UInt8[np.ndarray, "h w"]:
    """All pieces on a ground of `base`; order: smaller_over_larger, larger_over_smaller or later_over_earlier."""
    places = [covered(piece.outline, height, width) for piece in pieces]  # indices of pixels: little memory each
    sign = {"smaller_over_larger": -1, "larger_over_smaller": 1, "later_over_earlier": 0}[order]
    labels = np.full(height * width, base, np.uint8)
    for k in sorted(range(len(pieces)), key=lambda k: sign * len(places[k])):  # stable: listing order at ties
        labels[places[k]] = pieces[k].label
    return labels.reshape(height, width)


def covered(outline: Any, height: int, width: int) -> np.ndarray:
    """Row-major indices of the pixels inside an outline."""
    inside = run_lengths(outline) if isinstance(outline, dict) else polygons(outline, height, width)
    return np.flatnonzero(inside)


def polygons(outlines: Sequence[Sequence[float | int]], height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """The union of polygons [x, y, x, y, ...]; pixel (0, 0) covers x and y from 0 to 1, and counts by its centre."""
    from skimage.draw import polygon  # here, for it takes time to load and only COCO's polygons need it

    inside = np.zeros((height, width), bool)
    for outline in outlines:
        corners = np.asarray(outline, np.float64).reshape(-1, 2)
        rows, columns = polygon(corners[:, 1] - 0.5, corners[:, 0] - 0.5, (height, width))
        inside[rows, columns] = True
    return inside


def run_lengths(outline: dict[str, Any]) -> Bool[np.ndarray, "h w"]:
    """Runs of outside, inside, outside, ... down the columns.

    Raises ValueError when they do not add up to the size.
    """
    height, width = outline["size"]
    counts = outline["counts"]
    runs = unpacked(counts) if isinstance(counts, str | bytes) else [int(count) for count in counts]
    if sum(runs) != height * width or min(runs, default=0) < 0:
        raise ValueError(
            f"run lengths add up to {sum(runs)}, not to {height} x {width} pixels: export the annotations again"
        )
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def unpacked(text: str | bytes) -> list[int]:
    """Compressed run lengths: five bits a character, least first, from '0'; from the fourth on, differences to two before."""
    data = text.encode() if isinstance(text, str) else text
    runs: list[int] = []
    value = shift = 0
    for byte in data:
        bits = byte - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more follow
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs
