"""Objects given another class: a connected piece keeps its shape and gets a wrong name.

Idea: what crowds and zero-shot models do most: the outline is right, the class is not (rider for person, truck for bus).
Formula: objects are the 4-connected pieces of at most `largest` of the image, of all classes but the data set's largest;
of larger pieces irregular parts of 0.2 to 2 % of the image. They are taken in random order while they fit into `wanted`, the
last one with the probability that makes the expectation exact. The new class is drawn evenly from the other classes of
the data set, the largest left out if there are others.
Limits: wanted 0 changes nothing; one class in the data set changes nothing.
Costs: one connected-component pass per class.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.ingest.noise._objects import pick_other, pieces


class Swapped(Method):
    name: Literal["swapped"] = "swapped"
    largest: float = Field(0.05, gt=0, le=1, description="share of the image up to which a piece is an object")

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        if wanted <= 0 or len(classes) < 2:
            return new
        named = classes[1:] if len(classes) > 2 else classes
        for window, inside, label in pieces(labels, wanted, classes[0], self.largest, rng):
            new[window][inside] = other_class(named, classes, label, rng)
        return new


def other_class(named: tuple[int, ...], classes: tuple[int, ...], label: int, rng: np.random.Generator) -> int:
    chosen = pick_other(named, label, rng)
    if chosen is None:
        chosen = pick_other(classes, label, rng)
    assert chosen is not None  # there are two classes
    return chosen
