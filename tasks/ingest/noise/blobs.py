"""Irregular patches of another class: mistakes that follow no object.

Idea: what a foundation model does on a part of an image it does not understand. A patch is bounded by a smooth random
outline, not by superpixels or edges, so that no method is favoured that works on either.
Formula: size drawn log-uniformly from 0.2 to 2 % of the image; every second patch on average is centred on a pixel of the
data set's largest class, the others on pixels of the rest; class drawn evenly from the others of the data set. Pixels
that have that class already do not count. The last patch is cut to what is left; below the least size it is taken
with the probability that makes the expectation exact.
Limits: wanted 0 changes nothing; one class in the data set changes nothing.
Costs: a sort of some ten times the patch's pixels.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap, is_class
from segmend.stage.params import Method
from tasks.ingest.noise._objects import patch, pick_other

TRIES = 200


class Blobs(Method):
    name: Literal["blobs"] = "blobs"
    least: float = Field(0.002, gt=0, le=1, description="share of the image that the smallest patch covers")
    most: float = Field(0.02, gt=0, le=1, description="share of the image that the largest patch covers")

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        known = is_class(labels)
        if wanted <= 0 or len(classes) < 2 or not known.any():
            return new
        least = max(1, round(self.least * labels.size))
        most = max(least, round(self.most * labels.size))
        grounds = [np.flatnonzero(known & (labels == classes[0])), np.flatnonzero(known & (labels != classes[0]))]
        left = wanted
        for _ in range(TRIES):
            size = min(int(np.exp(rng.uniform(np.log(least), np.log(most + 1)))), max(left, least))
            if left <= 0 or (size > left and rng.random() >= left / size):
                break
            ground = grounds[int(rng.integers(2))]
            ground = ground if len(ground) else np.flatnonzero(known)
            row, column = divmod(int(ground[rng.integers(len(ground))]), labels.shape[1])
            label = pick_other(classes, int(labels[row, column]), rng)
            assert label is not None  # there are two classes
            chosen = patch((row, column), known & (labels != label) & (new == labels), size, rng)
            new[chosen] = label
            left -= int(chosen.sum())
        return new
