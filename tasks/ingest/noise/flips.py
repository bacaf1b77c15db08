"""Single random pixels given another class.

Idea: the noise of many papers and of no annotator: networks average it away, so methods should not be judged on it. Kept
for comparisons.
Formula: `wanted` of the pixels that have a class, drawn without replacement; each gets one of the other classes, evenly.
Limits: wanted 0 changes nothing; wanted at or above the number of pixels changes all.
Costs: one draw per pixel.
"""

from typing import Literal

import numpy as np

from segmend.images.rasters import LabelMap, is_class
from segmend.stage.params import Method


class Flips(Method):
    name: Literal["flips"] = "flips"

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        new = labels.copy()
        known = np.isin(labels, classes) & is_class(labels)
        places = np.flatnonzero(known)
        if wanted <= 0 or len(classes) < 2 or not len(places):
            return new
        chosen = rng.choice(places, min(wanted, len(places)), replace=False)
        table = np.zeros(256, np.int64)
        table[list(classes)] = np.arange(len(classes))
        step = rng.integers(1, len(classes), len(chosen))
        new.ravel()[chosen] = np.array(classes, np.uint8)[(table[labels.ravel()[chosen]] + step) % len(classes)]
        return new
