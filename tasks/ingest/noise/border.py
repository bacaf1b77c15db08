"""Stretches of border in the wrong place: objects drawn too small, too large, or with a wavering hand.

Idea: the most common mistake of all. It follows the object's border over a stretch and leaves the rest right.
Formula: an object and one of its border pixels are drawn; by turns (at random) the object is eroded (its rim goes to the
nearest other class), dilated (it covers its neighbours' rim), or its border is displaced elastically (both, with a smooth random
field). The distance is drawn from `nearest` to `furthest`, shares of the image's mean side (at least one pixel). Of
the pixels that would change, those nearest to the drawn border pixel are taken: at most `stretch` of the image, and at
most what is left of `wanted`.
Limits: wanted 0 changes nothing; no border, no change. Pixels of void and unlabelled stay, and nothing moves across them.
Differs: from COCO-N (one dilation or erosion of the whole instance), by stretches instead of whole outlines.
Costs: a distance transform of the surroundings of the stretch.
"""

from typing import Literal

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from segmend.images.rasters import LabelMap, is_class
from segmend.stage.params import Method
from tasks.ingest.noise._objects import wider

TRIES = 150
REACH = 0.15  # half the side of the window in which one stretch is made, as a share of the mean side


class Border(Method):
    name: Literal["border"] = "border"
    nearest: float = Field(
        0.005, gt=0, le=0.5, description="least distance, as a share of the mean of height and width"
    )
    furthest: float = Field(0.025, gt=0, le=0.5, description="greatest distance, likewise")
    stretch: float = Field(0.005, gt=0, le=1, description="share of the image that one stretch may change")

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        edge = np.flatnonzero(borders(labels))
        if wanted <= 0 or not len(edge):
            return new
        side = sum(labels.shape) / 2
        most = max(4, round(self.stretch * labels.size))
        left = wanted
        for _ in range(TRIES):
            if left <= 0:
                break
            row, column = divmod(int(edge[rng.integers(len(edge))]), labels.shape[1])
            distance = max(1.0, side * rng.uniform(self.nearest, self.furthest))
            window = wider((slice(row, row + 1), slice(column, column + 1)), round(REACH * side) + 4, labels.shape)
            here = new[window]
            centre = (row - window[0].start, column - window[1].start)
            way = rng.integers(3)
            if way == 0:
                moved = eroded(here, int(labels[row, column]), distance)
            elif way == 1:
                moved = dilated(here, int(labels[row, column]), distance)
            else:
                moved = wavered(here, distance, rng)
            # A pixel counts once: what is wrong already is neither mended nor made wrong in another way.
            changed = (moved != here) & (here == labels[window]) & is_class(here) & is_class(moved)
            stretch = near(changed, centre, min(most, left))
            here[stretch] = moved[stretch]
            left -= int(stretch.sum())
        return new


def borders(labels: LabelMap) -> Bool[np.ndarray, "h w"]:
    """Pixels that touch (4-neighbours) a pixel of another class."""
    touching = np.zeros(labels.shape, bool)
    known = is_class(labels)
    across = (labels[:, 1:] != labels[:, :-1]) & known[:, 1:] & known[:, :-1]
    down = (labels[1:] != labels[:-1]) & known[1:] & known[:-1]
    touching[:, 1:] |= across
    touching[:, :-1] |= across
    touching[1:] |= down
    touching[:-1] |= down
    return touching


def eroded(labels: LabelMap, label: int, distance: float) -> LabelMap:
    """The class without its rim: the rim goes to the nearest other class."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    others = is_class(labels) & (labels != label)
    if not others.any():
        return labels
    away, (rows, columns) = ndimage.distance_transform_edt(~others, return_indices=True)
    return np.where((labels == label) & (away <= distance), labels[rows, columns], labels)


def dilated(labels: LabelMap, label: int, distance: float) -> LabelMap:
    """The class with a rim added."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    away = ndimage.distance_transform_edt(labels != label) if (labels == label).any() else np.full(labels.shape, np.inf)
    return np.where(is_class(labels) & (away <= distance), np.uint8(label), labels)


def wavered(labels: LabelMap, distance: float, rng: np.random.Generator) -> LabelMap:
    """The labels displaced by a smooth random field of about `distance` pixels."""
    from scipy import ndimage  # here: it takes a second of a start in which nothing is planted

    height, width = labels.shape
    fields = []
    for _ in range(2):
        rough = ndimage.gaussian_filter(rng.normal(size=labels.shape), 3 * distance + 1, mode="reflect")
        fields.append(rough * (1.5 * distance / max(float(np.abs(rough).max()), 1e-12)))
    rows = np.clip(np.rint(np.arange(height)[:, None] + fields[0]), 0, height - 1).astype(np.int64)
    columns = np.clip(np.rint(np.arange(width)[None, :] + fields[1]), 0, width - 1).astype(np.int64)
    return labels[rows, columns]


def near(changed: Bool[np.ndarray, "h w"], centre: tuple[int, int], most: int) -> Bool[np.ndarray, "h w"]:
    """Of the changed pixels the `most` that lie nearest to the centre."""
    places = np.argwhere(changed)
    away = ((places - np.array(centre)) ** 2).sum(1)
    taken = places[np.argsort(away, kind="stable")[:most]]
    chosen = np.zeros(changed.shape, bool)
    chosen[taken[:, 0], taken[:, 1]] = True
    return chosen
