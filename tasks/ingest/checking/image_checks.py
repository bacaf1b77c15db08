"""The first look at every image: read it with its maps, count its pixels, note what is wrong. dataset_checks.py judges the set."""

from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID
from segmend.stage.events import progress
from tasks.ingest.reading.context import DEFAULTS, DrawnObject, Noticed, Reading, reading_as
from tasks.ingest.reading.image_files import describe_id
from tasks.ingest.reading.source import Pixels, Problem, Record, Source

FEW = 150  # images; starting processes for fewer costs more than it saves
UNDECLARED = 300  # marks ids without a meaning while a mask is translated
TABLE = 1 << 16  # ids above are undeclared


class CheckedRecord(NamedTuple):
    """A record and what was found out about its pixels; small, for all of them are in memory until the set is judged."""

    record: Record
    height: int  # 0 for an image that cannot be read
    width: int
    digest: str  # SHA-256 of size and pixels
    plain: bool  # one single colour
    sums: np.ndarray  # float64 (2, 3): of the channels and their squares, in 0..1
    mask: np.ndarray | None  # int64 (256,): pixels per label; of all annotators together where there are several
    truth: np.ndarray | None
    objects: tuple[int, int, int] = (0, 0, 0)  # annotations read, of these drawn, of these wholly under other objects
    noticed: frozenset[str] = frozenset()  # by readers, as 'image turned'
    problems: tuple[Problem, ...] = ()
    key: str = ""  # of what is kept of it (kept_results.py)

    @property
    def known(self) -> np.ndarray | None:
        """int64 (256,): pixels per label of the truth where it is known, else of the given mask."""
        return self.truth if self.truth is not None else self.mask

    @property
    def labelled(self) -> bool:
        """Whether anybody labelled the image."""
        return self.record.mask is not None or bool(self.record.annotations)


def translate(raw: np.ndarray, ids: dict[int, int]) -> tuple[np.ndarray, dict[int, int]]:
    """A map of ids in the files as labels uint8 (h, w), and the pixel counts of ids that have no meaning (made void)."""
    table = np.full(TABLE + 1, UNDECLARED, np.uint16)
    for value, label in ids.items():
        table[value] = label
    if raw.size and raw.min() >= 0 and raw.max() < 256:  # nearly always: bytes are looked up many times faster
        labels = table[:256][raw.astype(np.uint8)]
    else:
        labels = table[np.where((raw >= 0) & (raw < TABLE), raw, TABLE)]
    strange = labels == UNDECLARED
    unknown: dict[int, int] = {}
    if strange.any():
        values, counts = np.unique(raw[strange], return_counts=True)
        unknown = dict(zip(values.tolist(), counts.tolist(), strict=True))
        labels[strange] = VOID
    return labels.astype(np.uint8), unknown


def count_labels(raw: np.ndarray, ids: dict[int, int]) -> tuple[np.ndarray, dict[int, int]]:
    """What `translate` would give, as pixels per label int64 (256,); and the pixel counts of ids that have no meaning."""
    if raw.size and (raw.dtype == np.uint8 or (raw.min() >= 0 and raw.max() < TABLE)):
        values = np.bincount(raw.ravel())
        present = np.flatnonzero(values).tolist()
        counts = np.zeros(256, np.int64)
        for value in present:
            counts[ids.get(value, VOID)] += values[value]
        return counts, {value: int(values[value]) for value in present if value not in ids}
    labels, unknown = translate(raw, ids)
    return np.bincount(labels.ravel(), minlength=256), unknown


def read_labels(pixels: Pixels, ids: dict[int, int]) -> np.ndarray:
    """A mask as labels uint8 (h, w); for records that passed the checks."""
    return translate(pixels(), ids)[0]


def check(record: Record, ids: dict[int, int], reading: Reading = DEFAULTS) -> CheckedRecord:
    """Read an image with its maps and note what is wrong with them."""
    with reading_as(reading) as noticed:
        return checked_now(record, ids, noticed)


def checked_now(record: Record, ids: dict[int, int], noticed: Noticed) -> CheckedRecord:
    problems: list[Problem] = []
    image = np.zeros((0, 0, 3), np.uint8)
    try:
        image = record.image()
    except (ValueError, MemoryError) as trouble:
        problems.append(Problem(record.id, record.file, sentence(trouble)))
    mask = truth = None
    given = [(record.mask, record.mask_file), *((entry.mask, entry.file) for entry in record.annotations)]
    for pixels, file in given:
        if pixels is not None:
            counts, wrong = check_map(record, pixels, file, ids, image.shape)
            mask = counts if mask is None else mask if counts is None else mask + counts
            problems += wrong
    objects, wrong = check_objects(record, noticed.objects)
    problems += wrong
    if record.truth is not None and record.truth is record.mask:
        truth = mask
    elif record.truth is not None:
        truth, wrong = check_map(record, record.truth, record.truth_file, ids, image.shape)
        problems += wrong
    digest = sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    counts = histograms(image)
    plain = image.size > 0 and int((counts > 0).sum()) == 3
    return CheckedRecord(
        record, *image.shape[:2], digest, plain, channel_sums(counts), mask, truth, objects,
        frozenset(noticed.facts), tuple(problems),
    )  # fmt: skip


def check_map(
    record: Record, pixels: Pixels, file: str, ids: dict[int, int], shape: tuple[int, ...]
) -> tuple[np.ndarray | None, list[Problem]]:
    """Pixels per label of one map, and what is wrong with it."""
    try:
        raw = pixels()
        counts, unknown = count_labels(raw, ids)
    except (ValueError, MemoryError) as trouble:
        return None, [Problem(record.id, file, sentence(trouble))]
    problems = []
    if shape[0] and raw.shape != shape[:2]:
        reason = (
            f"it is {raw.shape[0]} x {raw.shape[1]} pixels (rows x columns) and its image {record.file} "
            f"{shape[0]} x {shape[1]}: export both at one size"
        )
        problems.append(Problem(record.id, file, reason))
    if unknown:
        problems.append(Problem(record.id, file, undeclared(unknown)))
    return counts, problems


def check_objects(record: Record, objects: list[DrawnObject]) -> tuple[tuple[int, int, int], list[Problem]]:
    """How many annotations were read, drawn and wholly covered by others; a problem for each that is wrong or has no pixel."""
    drawn = [entry for entry in objects if entry.covered]
    problems = []
    for entry in objects:
        if entry.reason or not entry.covered:
            why = entry.reason or "it covers no pixel: its outline has no area, or lies outside the image"
            problems.append(Problem(record.id, record.mask_file, f"{entry.name}: {why}; correct or remove it"))
    return (len(objects), len(drawn), sum(not entry.visible for entry in drawn)), problems


def histograms(image: np.ndarray) -> np.ndarray:
    """int64 (256, 3): pixels per value of each channel."""
    if not image.size:
        return np.zeros((256, 3), np.int64)
    return np.array(Image.fromarray(image).histogram(), np.int64).reshape(3, 256).T


def channel_sums(counts: np.ndarray) -> np.ndarray:
    """float64 (2, 3): sums of the channels and of their squares, values in 0..1, from their histograms."""
    values = np.arange(256) / 255
    return np.stack([values @ counts, values**2 @ counts])


def sentence(trouble: BaseException) -> str:
    if isinstance(trouble, MemoryError):
        return "it does not fit into memory: make it smaller, or lower ingest.max_pixels so that it is refused at once"
    return str(trouble)


def undeclared(unknown: dict[int, int]) -> str:
    most = sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{describe_id(value)} ({count} pixels)" for value, count in most[:5])
    more = f" and {len(most) - 5} other ids" if len(most) > 5 else ""
    return f"undeclared {told}{more}: name them as classes, or list them as void (ingest.void)"


def check_all(source: Source, records: list[Record] | None = None) -> Iterator[CheckedRecord]:
    """Every record of a source, or only `records`, checked, in order, streamed."""
    records = source.records if records is None else records
    work = partial(check, ids=source.ids, reading=source.reading)
    if len(records) < FEW:
        return progress(map(work, records), len(records), "images checked")
    return map_images(work, records, "images checked")


def labelled(counts: np.ndarray) -> int:
    """Pixels with a class."""
    return int(counts[:UNLABELLED].sum())


def by_size(checked: list[CheckedRecord]) -> tuple[int, ...]:
    """The class ids present, the one with most pixels first."""
    total = class_pixels(checked)
    present = np.flatnonzero(total[:UNLABELLED])
    return tuple(sorted(present.tolist(), key=lambda k: (-total[k], k)))


def class_pixels(checked: Iterable[CheckedRecord]) -> np.ndarray:
    """int64 (256,): pixels per label, of the truth where it is known, else of the given mask."""
    return sum((item.known for item in checked if item.known is not None), np.zeros(256, np.int64))


def ratio(part: Any, whole: Any) -> float | None:
    """None where there is nothing to divide by (no pixels of that kind)."""
    return round(float(part) / float(whole), 6) if whole else None


def others(item: CheckedRecord, classes: tuple[int, ...]) -> int:
    """Pixels of an image that are not of the data set's largest class."""
    return 0 if item.known is None or not classes else labelled(item.known) - int(item.known[classes[0]])
