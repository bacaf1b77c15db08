"""Answers that tick several classes, as a training target: which pixels carry which set of classes.

A label map with sets is int32 (h, w): class ids, UNLABELLED and VOID as ever, and FIRST_SET + j where the j-th set of the
image holds. These are ids like any other, so a map with sets is cropped, turned and resized (nearest) as a label map is. The
sets themselves are a table (m, K): the classes that were ticked.

An answer that names one class, painted or confirmed, takes its pixels back from the sets before it, and a set from those
before it: of two answers over one pixel the later counts. A skip changes no set. Void stays void.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int32, Int64

from segmend.answers.answers import Answer, latest, pixels, read
from segmend.images.rasters import VOID, LabelMap

FIRST_SET = 256  # above every id of a label map


def is_set(answer: Answer) -> bool:
    """Does it tick several classes? A set of one class is a class."""
    return answer.kind == "class_set" and len(answer.classes) > 1


def answers_with_sets(path: Path, classes: Sequence[str]) -> dict[str, list[Answer]]:
    """By image, the newest answer to each query in the order they are applied; only images with at least one set."""
    if not path.is_file():
        raise ValueError(
            f"{path} is missing: a loss that learns from sets of classes reads the answers beside the label maps; run the "
            "stage pseudo_label or correct"
        )
    by_image = defaultdict(list)
    for answer in latest(read(path, classes)):
        by_image[answer.image].append(answer)
    return {image: answers for image, answers in by_image.items() if any(map(is_set, answers))}


def candidates(
    labels: LabelMap, answers: Sequence[Answer], classes: Sequence[str]
) -> tuple[Int32[np.ndarray, "h w"], Bool[np.ndarray, "m c"]]:
    """One image's label map with sets, and the table of its sets."""
    effective = [answer for answer in answers if answer.kind != "skip"]
    ids = np.full(len(effective), -1, np.int32)  # -1: one class, which the label map holds
    sets = [k for k, answer in enumerate(effective) if is_set(answer)]
    ids[sets] = np.arange(len(sets)) + FIRST_SET
    set_ids = np.full(labels.size, -1, np.int32)
    for answer, identifier in zip(effective, ids, strict=True):
        set_ids[answered_pixels(answer)] = identifier
    flat = labels.ravel()
    with_sets = np.where((set_ids >= 0) & (flat != VOID), set_ids, flat.astype(np.int32)).reshape(labels.shape)
    table = np.array([[name in effective[k].classes for name in classes] for k in sets], bool)
    return with_sets, table.reshape(len(sets), len(classes))


def answered_pixels(answer: Answer) -> Int64[np.ndarray, " n"]:
    """The pixels an answer speaks of, as ascending flat indices: the footprint, of a brushed mask the part inside it."""
    inside = pixels(answer.footprint)
    return inside if answer.mask is None else np.intersect1d(inside, pixels(answer.mask), assume_unique=True)
