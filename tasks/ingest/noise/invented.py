"""Objects where there are none: the shape of a real object of this image, mirrored and turned, put somewhere else.

Idea: what detectors that see too much do; the shapes are those of the data, so that size and outline do not betray them.
Formula: a random object or part of one (swapped.py says what these are), in one of eight orientations, its class kept,
centred on a pixel of another class. Images without objects get irregular patches. Shapes that fit into `wanted` are taken;
at the end the smallest that did not, with the probability that makes the expectation exact.
Limits: wanted 0 changes nothing; void stays void.
Costs: one connected-component pass per class.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap, is_class
from segmend.stage.params import Method
from tasks.ingest.noise._objects import PART, SPECK, outline_distance, units

TRIES = 40


class Invented(Method):
    name: Literal["invented"] = "invented"
    largest: float = Field(0.05, gt=0, le=1, description="share of the image up to which a piece is an object")

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        if wanted <= 0 or len(classes) < 2:
            return new
        models = units(labels, classes[0], self.largest, rng)
        left, spare = wanted, None
        for k in range(TRIES):
            if left <= 0:
                return new
            if models:
                model = models[k % len(models)]
                shape, label = turned(model.pixels(left, rng), int(rng.integers(8))), model.thing.label
            else:
                label = int(rng.choice(classes[1:]))
                size = int(rng.uniform(*PART) * labels.size)
                shape = drawn(min(left, max(SPECK, size)), rng)
            places = np.flatnonzero(is_class(labels) & (labels != label))
            if not len(places):
                continue
            row, column = divmod(int(places[rng.integers(len(places))]), labels.shape[1])
            here, inside = placed(labels.shape, shape, row, column)
            changed = inside & is_class(labels[here]) & (labels[here] != label) & (new[here] == labels[here])
            size = int(changed.sum())
            if size <= left:
                new[here][changed] = label
                left -= size
            elif spare is None or size < spare[0]:
                spare = (size, here, changed, label)
        if left > 0 and spare is not None and rng.random() < left / spare[0]:
            _, here, changed, label = spare
            new[here][changed & (new[here] == labels[here])] = label
        return new


def turned(shape: np.ndarray, way: int) -> np.ndarray:
    """One of the eight orientations."""
    return np.rot90(shape[:, ::-1] if way >= 4 else shape, way % 4)


def drawn(size: int, rng: np.random.Generator) -> np.ndarray:
    """An irregular shape of about `size` pixels."""
    side = int(2.5 * size**0.5) + 3
    distance = outline_distance((side, side), (side / 2, side / 2), rng)
    return distance <= np.sort(distance.ravel())[min(size, side * side) - 1]


def placed(size: tuple[int, int], shape: np.ndarray, row: int, column: int) -> tuple[tuple[slice, slice], np.ndarray]:
    """The window in an image of `size` that a shape centred at (row, column) covers, and the shape cut to it."""
    top, left = row - shape.shape[0] // 2, column - shape.shape[1] // 2
    rows = slice(max(0, top), min(size[0], top + shape.shape[0]))
    columns = slice(max(0, left), min(size[1], left + shape.shape[1]))
    return (rows, columns), shape[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
