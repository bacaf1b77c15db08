"""Answers painted over first labels: a pure function of the two, so no order of runs can lose or double an answer."""

from collections.abc import Iterable

import numpy as np

from tasks.answers import Answer, pixels
from tasks.rasters import UNLABELLED, VOID, LabelMap
from tasks.regions import class_counts, majority


def apply(labels: LabelMap, answer: Answer, classes: tuple[str, ...]) -> None:
    """Change a label map, in place, as one answer says; void pixels and pixels outside its footprint stay.

    confirm and skip change nothing. class, and a set of one class, paint the footprint. mask paints the brushed pixels
    inside the footprint. A set of several classes does not say which pixel is which: it is kept and changes nothing.
    """
    if answer.kind in ("confirm", "skip") or len(answer.classes) > 1:
        return
    places = pixels(answer.footprint)
    if answer.mask is not None:
        places = np.intersect1d(places, pixels(answer.mask), assume_unique=True)
    flat = labels.reshape(-1)
    flat[places[flat[places] != VOID]] = classes.index(answer.classes[0])


def corrected(first: LabelMap, answers: Iterable[Answer], classes: tuple[str, ...]) -> LabelMap:
    """The labels after all answers, in order; `first` is not changed."""
    labels = first.copy()
    for answer in answers:
        apply(labels, answer, classes)
    return labels


def name_of(labels: np.ndarray, classes: tuple[str, ...]) -> str | None:
    """The class most of these labels (n,) name; None where most are unlabelled or void."""
    most, _ = majority(class_counts(labels[None], np.zeros((1, len(labels)), np.int32), len(classes)))
    return None if not len(labels) or most[0] in (UNLABELLED, VOID) else classes[most[0]]
