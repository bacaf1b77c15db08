"""The first look at every image: read it with its maps, count its pixels, note what is wrong. verdict.py judges the set."""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.events import progress
from tasks.ingest.reading.image_files import describe_id
from tasks.ingest.reading.source import Problem, Record, Source

FEW = 150  # images; starting processes for fewer costs more than it saves
UNDECLARED = 300  # marks ids without a meaning while a mask is translated
TABLE = 1 << 16  # ids above are undeclared


class Facts(NamedTuple):
    """What was found out about one image; small, for it waits in memory until all images are seen."""

    height: int
    width: int
    digest: str  # SHA-256 of size and pixels
    plain: bool  # one single colour
    sums: np.ndarray  # float64 (2, 3): of the channels and their squares, in 0..1
    mask: np.ndarray | None  # int64 (256,): pixels per label; of all annotators together where there are several
    truth: np.ndarray | None
    problems: tuple[Problem, ...]


def translate(raw: np.ndarray, ids: dict[int, int]) -> tuple[np.ndarray, dict[int, int]]:
    """A map of ids in the files as labels uint8 (h, w), and the pixel counts of ids that have no meaning (made void)."""
    table = np.full(TABLE + 1, UNDECLARED, np.uint16)
    for value, label in ids.items():
        table[value] = label
    labels = table[np.where((raw >= 0) & (raw < TABLE), raw, TABLE)]
    strange = labels == UNDECLARED
    unknown: dict[int, int] = {}
    if strange.any():
        values, counts = np.unique(raw[strange], return_counts=True)
        unknown = dict(zip(values.tolist(), counts.tolist(), strict=True))
    return np.where(strange, VOID, labels).astype(np.uint8), unknown


def read_map(record: Record, which: str, ids: dict[int, int]) -> np.ndarray:
    """The record's mask or truth as labels; for records that passed the checks."""
    return translate(getattr(record, which)(), ids)[0]


def examine(record: Record, ids: dict[int, int]) -> Facts:
    """Read an image with its maps and note what is wrong with them."""
    problems: list[Problem] = []
    try:
        image = record.image()
    except ValueError as trouble:
        image = np.zeros((0, 0, 3), np.uint8)
        problems.append(Problem(record.id, record.file, str(trouble)))
    counts: dict[str, np.ndarray | None] = {"mask": None, "truth": None}
    files = {"mask": record.mask_file, "truth": record.truth_file}
    maps = [
        (which, getattr(record, which), files[which])
        for which in ("mask", "truth")
        if getattr(record, which) is not None and not (which == "truth" and record.truth is record.mask)
    ]
    for which, pixels, file in [*maps, *(("mask", one.mask, one.file) for one in record.annotations)]:
        try:
            raw = pixels()
        except ValueError as trouble:
            problems.append(Problem(record.id, file, str(trouble)))
            continue
        labels, unknown = translate(raw, ids)
        before = counts[which]
        counted = np.bincount(labels.ravel(), minlength=256)
        counts[which] = counted if before is None else before + counted
        if image.size and labels.shape != image.shape[:2]:
            reason = (
                f"it is {labels.shape[0]} x {labels.shape[1]} pixels (rows x columns) and its image {record.file} "
                f"{image.shape[0]} x {image.shape[1]}: export both at one size"
            )
            problems.append(Problem(record.id, file, reason))
        if unknown:
            problems.append(Problem(record.id, file, undeclared(unknown)))
    if record.truth is not None and record.truth is record.mask:
        counts["truth"] = counts["mask"]
    scaled = image.reshape(-1, 3).astype(np.float64) / 255
    digest = sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    plain = image.size > 0 and bool((image == image[0, 0]).all())
    sums = np.stack([scaled.sum(0), (scaled**2).sum(0)])
    height, width = image.shape[:2]
    return Facts(height, width, digest, plain, sums, counts["mask"], counts["truth"], tuple(problems))


def undeclared(unknown: dict[int, int]) -> str:
    most = sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{describe_id(value)} ({count} pixels)" for value, count in most[:5])
    more = f" and {len(most) - 5} other ids" if len(most) > 5 else ""
    return f"undeclared {told}{more}: name them as classes, or list them as void (ingest.void)"


def examine_all(source: Source) -> Iterator[Facts]:
    """The facts of every record, in order, streamed."""
    work = partial(examine, ids=source.ids)
    if len(source.records) < FEW:
        return progress(map(work, source.records), len(source.records), "images checked")
    return map_images(work, source.records, "images checked")


def labelled(counts: np.ndarray) -> int:
    """Pixels with a class."""
    return int(counts[:UNLABELLED].sum())


def by_size(facts: list[Facts]) -> tuple[int, ...]:
    """The class ids present, the one with most pixels first."""
    total = class_pixels(facts)
    present = np.flatnonzero(total[:UNLABELLED])
    return tuple(sorted(present.tolist(), key=lambda k: (-total[k], k)))


def class_pixels(facts: list[Facts]) -> np.ndarray:
    """int64 (256,): pixels per label, of the truth where it is known, else of the given mask."""
    maps = (fact.truth if fact.truth is not None else fact.mask for fact in facts)
    return sum((counts for counts in maps if counts is not None), np.zeros(256, np.int64))


def ratio(part: Any, whole: Any) -> float | None:
    """None where there is nothing to divide by (no pixels of that kind)."""
    return round(float(part) / float(whole), 6) if whole else None


def others(fact: Facts, classes: tuple[int, ...]) -> int:
    """Pixels of an image that are not of the data set's largest class."""
    counts = fact.truth if fact.truth is not None else fact.mask
    return 0 if counts is None or not classes else labelled(counts) - int(counts[classes[0]])
