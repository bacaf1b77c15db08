"""Objects (connected pieces of one class) and irregular patches: what the kinds of planted mistakes are made of.

Nothing here follows superpixels or image edges: shapes come from the labels themselves or from smooth random outlines.
"""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8

from segmend.images.rasters import LabelMap, is_class

SPECK = 4  # pixels; smaller pieces are no objects
PART = (0.002, 0.02)  # shares of the image that a part of a large object covers


class Thing(NamedTuple):
    """One object: its window (rows, columns), its pixels in that window, its class and its area."""

    window: tuple[slice, slice]
    inside: Bool[np.ndarray, "h w"]
    label: int
    area: int


def things(labels: LabelMap, without: int | None = None) -> list[Thing]:
    """The 4-connected pieces of every class but `without`, in a fixed order; specks are left out."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    objects = []
    for label in np.unique(labels[is_class(labels)]).tolist():
        if label == without:
            continue
        pieces, count = ndimage.label(labels == label)
        areas = np.bincount(pieces.ravel(), minlength=count + 1)
        for k, window in enumerate(ndimage.find_objects(pieces), 1):
            if areas[k] >= SPECK:
                objects.append(Thing(window, pieces[window] == k, label, int(areas[k])))
    return objects


def wider(window: tuple[slice, slice], by: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """A window with a margin, cut off at the image's edge."""
    rows, columns = window
    return (
        slice(max(0, rows.start - by), min(shape[0], rows.stop + by)),
        slice(max(0, columns.start - by), min(shape[1], columns.stop + by)),
    )


def outline_distance(
    shape: tuple[int, int], centre: tuple[float | int, float | int], rng: np.random.Generator, waves: int = 5
) -> Float[np.ndarray, "h w"]:
    """Distance from a centre in a plane with a smooth random metric: its level sets are irregular, star-shaped outlines."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    y, x = rows - centre[0], columns - centre[1]
    angle = np.arctan2(y, x)
    radius = np.ones(shape)
    for k in range(1, waves + 1):
        radius += rng.normal(0, 0.28 / k**0.7) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return np.hypot(y, x) / np.maximum(radius, 0.25)


def patch(
    centre: tuple[int, int], allowed: Bool[np.ndarray, "h w"], size: int, rng: np.random.Generator
) -> Bool[np.ndarray, "h w"]:
    """An irregular patch of at most `size` pixels around `centre`, all of them `allowed`."""
    reach = 2 * ceil(size**0.5) + 2
    window = wider((slice(centre[0], centre[0] + 1), slice(centre[1], centre[1] + 1)), reach, allowed.shape)
    chosen = np.zeros(allowed.shape, bool)
    here = allowed[window]
    distance = outline_distance(here.shape, (centre[0] - window[0].start, centre[1] - window[1].start), rng)
    chosen[window] = nearest(distance, here, size)
    return chosen


def nearest(distance: Float[np.ndarray, "h w"], allowed: Bool[np.ndarray, "h w"], size: int) -> Bool[np.ndarray, "h w"]:
    """The `size` allowed pixels of least distance (ties: first in reading order); all of them if there are fewer."""
    places = np.flatnonzero(allowed)
    order = np.argsort(distance.ravel()[places], kind="stable")[:size]
    chosen = np.zeros(allowed.shape, bool)
    chosen.ravel()[places[order]] = True
    return chosen


def part(thing: Thing, size: int, rng: np.random.Generator, at_edge: bool = False) -> Bool[np.ndarray, "h w"]:
    """A part of a large object, of `size` pixels, around one of its pixels (or one at its edge)."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    ground = thing.inside & ~ndimage.binary_erosion(thing.inside, border_value=1) if at_edge else thing.inside
    places = np.flatnonzero(ground if ground.any() else thing.inside)
    centre = divmod(int(places[rng.integers(len(places))]), thing.inside.shape[1])
    return patch(centre, thing.inside, size, rng)


class Unit(NamedTuple):
    """A whole object (size None), or a part of a large one, of `size` pixels."""

    thing: Thing
    size: int | None

    def pixels(self, most: int, rng: np.random.Generator, at_edge: bool = False) -> Bool[np.ndarray, "h w"]:
        """Its pixels in the thing's window; a part has at most `most`."""
        return self.thing.inside if self.size is None else part(self.thing, min(self.size, most), rng, at_edge)


def units(labels: LabelMap, without: int, largest: float, rng: np.random.Generator) -> list[Unit]:
    """Objects of at most `largest` of the image, and as many parts of larger ones as would fill them, in random order.

    So every pixel of these classes has about the same chance, whether its class comes in specks or in one piece.
    """
    limit = max(SPECK, int(largest * labels.size))
    candidates: list[Unit] = []
    for thing in things(labels, without):
        room = thing.area
        while thing.area > limit and room > 0:
            size = max(1, int(np.exp(rng.uniform(*np.log(PART))) * labels.size))
            candidates.append(Unit(thing, size))
            room -= size
        if thing.area <= limit:
            candidates.append(Unit(thing, None))
    return [candidates[k] for k in rng.permutation(len(candidates)).tolist()]


def pieces(
    labels: LabelMap, wanted: int, without: int, largest: float, rng: np.random.Generator, at_edge: bool = False
) -> Iterator[tuple[tuple[slice, slice], Bool[np.ndarray, "h w"], int]]:
    """Disjoint pieces (window, pixels in it, class) that together have `wanted` pixels.

    Units in random order, those that fit; what then is missing is less than every object left: the smallest of them is
    taken with the probability that makes the expected sum `wanted`.
    """
    free = np.ones(labels.shape, bool)
    left, spare = wanted, None
    for unit in units(labels, without, largest, rng):
        if left <= 0:
            return
        thing = unit.thing
        if unit.size is None and thing.area > left:
            spare = thing if spare is None or thing.area < spare.area else spare
            continue
        inside = unit.pixels(left, rng, at_edge) & free[thing.window]
        free[thing.window] &= ~inside
        left -= int(inside.sum())
        yield thing.window, inside, thing.label
    if left > 0 and spare is not None and rng.random() < left / spare.area:
        yield spare.window, spare.inside, spare.label


def pick_other(classes: tuple[int, ...], label: int, rng: np.random.Generator) -> int | None:
    """One of the classes, not `label`; None where there is no other."""
    others = [c for c in classes if c != label]
    return int(rng.choice(others)) if others else None


def around(labels: UInt8[np.ndarray, "h w"], inside: Bool[np.ndarray, "h w"]) -> int | None:
    """The most frequent class (not its own) of the pixels that touch a set of pixels."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    ring = ndimage.binary_dilation(inside) & ~inside & is_class(labels)
    own = set(np.unique(labels[inside]).tolist())
    counts = np.bincount(labels[ring], minlength=1)
    for label in own:
        if label < len(counts):
            counts[label] = 0
    return int(counts.argmax()) if counts.any() else None
