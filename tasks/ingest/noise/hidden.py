"""Classes that nobody labelled: every pixel that the labels give to the named classes is left without a label.

Idea: a rehearsal for classes that are present but never annotated (tasks/correct/expansion/strict.py): the truth is known, so
what comes of them can be scored.
Formula: after all other mistakes are planted, labels in `classes` become 254, in train and val; the test split keeps its masks.
    Of a grid of squares of `side` pixels each loses all its labels with probability `others`: then a pixel without a label
    may be of any class, as in the field, and not of a hidden one for sure.
Limits: no classes and others 0: nothing changes; others 1: no label is left. Void stays void. A pixel of a hidden class that another mistake had given another name keeps
    that wrong name; one that a mistake had given a hidden name is hidden, and no longer wrong.
Differs: it has no share in ingest.noise.mix: it takes labels away, and plants no wrong ones.
Costs: a look-up per pixel, a draw per square.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import UNLABELLED, LabelMap, is_class
from segmend.stage.params import Method


class Hidden(Method):
    name: Literal["hidden"] = "hidden"
    classes: tuple[str, ...] = Field((), description="names of the classes whose labels are taken away")
    others: float = Field(0.0, ge=0, le=1, description="share of squares that lose all labels, of whatever class")
    side: int = Field(32, ge=1, description="pixels of a square's side")

    def ids(self, classes: tuple[str, ...]) -> tuple[int, ...]:
        """The ids of the hidden classes among all classes; ValueError where one is unknown or none is left."""
        strangers = [name for name in self.classes if name not in classes]
        if strangers:
            raise ValueError(
                f"ingest.noise.hidden.classes names '{strangers[0]}', which is no class of the data set; it has {', '.join(classes)}"
            )
        if self.classes and len(set(self.classes)) == len(classes):
            raise ValueError("ingest.noise.hidden.classes names every class: one at least must keep its labels")
        return tuple(sorted(map(classes.index, set(self.classes))))

    def __call__(self, labels: LabelMap, ids: tuple[int, ...], rng: np.random.Generator) -> LabelMap:
        rows, columns = (np.arange(size) // self.side for size in labels.shape)
        squares = rng.random((rows[-1] + 1, columns[-1] + 1)) < self.others
        gone = np.isin(labels, np.array(ids, np.uint8)) | squares[rows[:, None], columns]
        return np.where(gone & is_class(labels), np.uint8(UNLABELLED), labels)
