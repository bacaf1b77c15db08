"""Whole masks wrong: mirrored, two classes exchanged, or empty.

Idea: what export scripts and tired people do: the mask of a flipped image, a class list in another order, a skipped image.
Formula: one of the three is drawn; if it makes more than `wanted` pixels wrong, it is done with probability wanted / its
pixels, so that the expectation over the data set is exact: few images are hit, and those wholly.
Limits: wanted 0 changes nothing; void and unlabelled pixels stay where they are (a mirrored class never covers them).
Costs: a copy.
"""

from typing import Literal

import numpy as np

from segmend.images.rasters import LabelMap, is_class
from segmend.stage.params import Method


class WholeImage(Method):
    name: Literal["whole_image"] = "whole_image"

    def __call__(self, labels: LabelMap, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        way = int(rng.integers(3))
        first, second = rng.permutation(np.array(classes, np.uint8))[:2] if len(classes) > 1 else (0, 0)
        if wanted <= 0 or len(classes) < 2:
            return labels.copy()
        if way == 0:
            other = labels[:, ::-1]
        elif way == 1:
            other = np.where(labels == first, second, np.where(labels == second, first, labels))
        else:
            other = np.full_like(labels, classes[0])
        new = np.where(is_class(labels) & is_class(other), other, labels).astype(np.uint8)
        wrong = int((new != labels).sum())
        return new if wrong and rng.random() < wanted / wrong else labels.copy()
