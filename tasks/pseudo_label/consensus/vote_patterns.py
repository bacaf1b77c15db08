"""Label maps of several annotators as a table of patterns: the distinct tuples of labels, and how often they occur.

Pixels on which all annotators agree are one task, so an image of two million pixels and three annotators is a
table of some hundred rows. Cost: a few passes over the pixels.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, UInt8

from segmend.aggregators._votes import NO_GOLD, Votes
from segmend.images.rasters import UNLABELLED, VOID, is_class

LIMIT = 1 << 22  # codes; above, the patterns seen so far are numbered anew


class Patterns(NamedTuple):
    """Distinct patterns of a batch of images; a pattern of two images is two rows."""

    labels: UInt8[np.ndarray, "p a"]  # VOID and UNLABELLED where an annotator did not answer
    image: Int64[np.ndarray, " p"]
    pixels: Int64[np.ndarray, " p"]
    row: np.ndarray  # integers (n, h, w): the row of each pixel


def patterns_of(maps: UInt8[np.ndarray, "n a h w"], classes: int) -> Patterns:
    """The patterns of a batch of images, sorted by image, then by the annotators' labels."""
    n, annotators, h, w = maps.shape
    worst = int(maps.max(initial=0))
    base = classes if worst < classes else classes + 2
    if base > classes:
        table = np.full(256, 255, np.uint8)
        table[: classes + 2] = np.arange(classes + 2)
        table[classes:] = 255
        table[UNLABELLED], table[VOID] = classes, classes + 1
        wrong = ~is_class_or_none(maps, classes)
        if wrong.any():
            raise ValueError(
                f"a mask of an annotator holds the id {maps[wrong][0]}: 0..{classes - 1}, {UNLABELLED} and {VOID} are allowed"
            )
        maps = table[maps]
    code, size = np.zeros((n, h, w), np.uint8), 1
    renumbered: dict[int, np.ndarray] = {}
    for step in range(-1, annotators):
        width = base if step >= 0 else n
        if size * width > LIMIT and size > 1:
            renumbered[step], code, _ = numbered(code, size)
            size = len(renumbered[step])
        size *= width
        wide = np.min_scalar_type(size - 1)
        if step < 0:
            code = np.broadcast_to(np.arange(n, dtype=wide)[:, None, None], (n, h, w))
        elif step == 0 and n == 1:
            code = maps[:, 0].astype(wide, copy=False)
        else:
            code = code.astype(wide, copy=False) * wide.type(base) + maps[:, step]
    present, row, pixels = numbered(code, size)
    labels, rest = np.empty((len(present), annotators), np.uint8), present.astype(np.int64)
    back = np.concatenate([np.arange(classes), [UNLABELLED, VOID]]).astype(np.uint8)
    for step in reversed(range(annotators)):
        labels[:, step], rest = back[rest % base], rest // base
        if step in renumbered:
            rest = renumbered[step][rest].astype(np.int64)
    return Patterns(labels, rest, pixels.astype(np.int64), row)


def numbered(code: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The codes that occur, ascending, each pixel's place among them, and how often each occurs."""
    if size > 4 * LIMIT:  # too many to count one by one: sort
        present, flat, counts = np.unique(code, return_inverse=True, return_counts=True)
        return present, flat.reshape(code.shape), counts
    counts = np.bincount(code.ravel(), minlength=size)
    present = np.flatnonzero(counts)
    index = np.zeros(size, np.min_scalar_type(max(len(present) - 1, 0)))
    index[present] = np.arange(len(present))
    return present, index[code], counts[present]


def is_class_or_none(maps: np.ndarray, classes: int) -> np.ndarray:
    return (maps < classes) | (maps >= UNLABELLED)


def answers_of(
    labels: UInt8[np.ndarray, "p a"],
    pixels: Int64[np.ndarray, " p"],
    classes: int,
    *,
    gold: UInt8[np.ndarray, " p"] | None = None,
    image: Int64[np.ndarray, " p"] | None = None,
) -> Votes:
    """The table of patterns as answers; with `image`, annotator a of image i is source i * annotators + a."""
    task, source = np.nonzero(is_class(labels))
    label = labels[task, source].astype(np.int64)
    annotators = labels.shape[1]
    images = 1 if image is None else int(image.max(initial=0)) + 1
    return Votes(
        task,
        source if image is None else image[task] * annotators + source,
        label,
        tasks=len(labels),
        sources=annotators * images,
        classes=classes,
        size=pixels.astype(np.float64),
        group=image,
        gold=None if gold is None else np.where(is_class(gold), gold.astype(np.int64), NO_GOLD),
    )


def merged(
    table: tuple[UInt8[np.ndarray, "p a"], Int64[np.ndarray, " p"]] | None,
    labels: UInt8[np.ndarray, "q a"],
    pixels: Int64[np.ndarray, " q"],
) -> tuple[UInt8[np.ndarray, "r a"], Int64[np.ndarray, " r"]]:
    """Two tables as one, rows sorted and distinct."""
    if table is not None:
        labels, pixels = np.concatenate([table[0], labels]), np.concatenate([table[1], pixels])
    rows, index = distinct(labels)
    return rows, np.bincount(index, pixels, len(rows)).astype(np.int64)


def distinct(labels: UInt8[np.ndarray, "p a"]) -> tuple[UInt8[np.ndarray, "r a"], Int64[np.ndarray, " p"]]:
    """Distinct rows in order, and which of them each row is."""
    packed = np.ascontiguousarray(labels).view(f"V{labels.shape[1]}").ravel()  # bytes compare as unsigned numbers
    rows, index = np.unique(packed, return_inverse=True)
    return rows.view(np.uint8).reshape(-1, labels.shape[1]), index


def rows_in(rows: UInt8[np.ndarray, "r a"], labels: UInt8[np.ndarray, "p a"]) -> Int64[np.ndarray, " p"]:
    """Where each pattern stands among sorted distinct rows that hold them all."""
    both, index = distinct(np.concatenate([rows, labels]))
    assert len(both) == len(rows), "a pattern is not in the table"
    return index[len(rows) :]
