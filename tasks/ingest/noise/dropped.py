"""Objects that are missing: a connected piece melts into what surrounds it.

Idea: what hurried annotators do: small things are left out.
Formula: objects, and parts at the edge of large ones, as in swapped.py; their pixels get the most frequent class that
touches them, other than their own.
Limits: wanted 0 changes nothing; an object that only touches void stays.
Costs: one connected-component pass per class, one dilation per object.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.ingest.noise._objects import around, pieces, wider


class Dropped(Method):
    name: Literal["dropped"] = "dropped"
    largest: float = Field(0.05, gt=0, le=1, description="share of the image up to which a piece is an object")

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        if wanted <= 0 or len(classes) < 2:
            return new
        for window, inside, _ in pieces(labels, wanted, classes[0], self.largest, rng, at_edge=True):
            melt(new, window, inside)
        return new


def melt(labels: LabelMap, window: tuple[slice, slice], inside: np.ndarray) -> None:
    """Give the pixels the class around them, in place; where only void touches them nothing changes."""
    surroundings = wider(window, 1, labels.shape)
    pixels = np.zeros(
        (surroundings[0].stop - surroundings[0].start, surroundings[1].stop - surroundings[1].start), bool
    )
    top, left = window[0].start - surroundings[0].start, window[1].start - surroundings[1].start
    pixels[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    label = around(labels[surroundings], pixels)
    if label is not None:
        labels[surroundings][pixels] = label
