"""Chance among the regions that are not the commonest class: the baseline for data that is mostly background.

Idea: where one class fills most of the images, plain chance asks about little else; this spends the clicks on the rest
    first.
Formula: utility ~ uniform on [0, 1), and 1 more where the region's dominant predicted class is not the class with the
    most pixels, counted over whole regions of the train split by their dominant predicted class.
Limits: one predicted class everywhere: the same as `random`; foreground regions used up: chance among the rest.
Differs: which class is background is found from the predictions, since class ids have no fixed meaning here.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64

from segmend.images.region_table import RegionTable, Scene
from segmend.stage.params import Method


class ForegroundRandom(Method):
    name: Literal["foreground_random"] = "foreground_random"

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        largest = np.bincount(table.predicted, table.area).argmax()
        return rng.random(len(table)) + (table.predicted != largest)
