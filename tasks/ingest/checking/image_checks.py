"""The first look at every image: read it with its maps, count its pixels, note what is wrong. dataset_checks.py judges the set."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial, reduce
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.tiles import Tile
from segmend.stage.events import progress
from tasks.ingest.reading.context import DEFAULTS, DrawnObject, Noticed, Reading, reading_as
from tasks.ingest.reading.image_files import describe_id
from tasks.ingest.reading.source import Pixels, Problem, Record, Source
from tasks.ingest.reading.windows import pieces

FEW = 150  # images; starting processes for fewer costs more than it saves
UNDECLARED = 300  # marks ids without a meaning while a mask is translated
FEW_VALUES = 16  # compared one by one before all are counted
TABLE = 1 << 16  # ids above are undeclared


class CheckedTile(NamedTuple):
    """What is found out about one tile of an image; counts are of the pixels that it owns."""

    tile: Tile
    digest: str
    mask: np.ndarray | None = None
    truth: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray | None:
        """As of a CheckedRecord."""
        return self.truth if self.truth is not None else self.mask


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
    tiles: tuple[CheckedTile, ...] = ()  # where the image is cut

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
    if raw.dtype.kind in "ui" and raw.size and 0 <= (bits := int(np.bitwise_or.reduce(raw, axis=None))) < TABLE:
        values = pixels_by_value(raw, bits)
        counts = np.zeros(256, np.int64)
        for value, count in values.items():
            counts[ids.get(value, VOID)] += count
        return counts, {value: count for value, count in values.items() if value not in ids}
    labels, unknown = translate(raw, ids)
    return np.bincount(labels.ravel(), minlength=256), unknown


def pixels_by_value(raw: np.ndarray, bits: int) -> dict[int, int]:
    """How many pixels have each value, in rising order; `bits` is the bitwise or of all of them, and none is negative.

    Masks have few values, most of them small: comparing with each is many times faster than counting every pixel's bin.
    """
    pixels, left = {}, raw.size
    for value in range(min(bits, FEW_VALUES) + 1):
        count = int(np.count_nonzero(raw == value))
        if count:
            pixels[value] = count
            left -= count
        if not left:
            return pixels
    values = np.bincount(raw.ravel())
    return {value: int(values[value]) for value in np.flatnonzero(values).tolist()}


def check(record: Record, ids: dict[int, int], reading: Reading = DEFAULTS) -> CheckedRecord:
    """Read an image with its maps and note what is wrong with them."""
    with reading_as(reading) as noticed:
        return checked_now(record, ids, noticed)


def checked_now(record: Record, ids: dict[int, int], noticed: Noticed) -> CheckedRecord:
    image, problems = check_image(record)
    masks: list[np.ndarray | None] = []  # pixels per label of each tile, of all annotators together
    given = [(record.mask, record.mask_file), *((entry.mask, entry.file) for entry in record.annotations)]
    for pixels, file in given:
        if pixels is not None:
            counts, wrong = check_map(record, pixels, file, ids, image.size)
            masks = [add(before, more) for before, more in zip(masks or [None] * len(counts), counts, strict=True)]
            problems += wrong
    objects, wrong = check_objects(record, noticed.objects)
    problems += wrong
    truths = masks if record.truth is not None and record.truth is record.mask else []
    if record.truth is not None and record.truth is not record.mask:
        truths, wrong = check_map(record, record.truth, record.truth_file, ids, image.size)
        problems += wrong
    tiles = tuple(
        CheckedTile(tile, digest, *(counts[k] if counts else None for counts in (masks, truths)))
        for k, (tile, digest) in enumerate(zip(record.tiles, image.digests, strict=False))
    )
    digest = image.digests[0] if len(image.digests) == 1 else sha256("".join(image.digests).encode()).hexdigest()
    plain = bool(image.size[0]) and int((image.counts > 0).sum()) == 3
    return CheckedRecord(
        record, *image.size, digest, plain, channel_sums(image.counts), total(masks), total(truths), objects,
        frozenset(noticed.facts), tuple(problems), "", tiles,
    )  # fmt: skip


class ImageFacts(NamedTuple):
    """The pixels of an image."""

    size: tuple[int, int]  # (0, 0) for an image that cannot be read
    counts: np.ndarray  # int64 (256, 3): pixels per value of each channel
    digests: list[str]  # of all of it, or of each tile


def check_image(record: Record) -> tuple[ImageFacts, list[Problem]]:
    """Read an image, tile by tile where it is cut."""
    digests: list[str] = []
    counts, size = np.zeros((256, 3), np.int64), (0, 0)
    try:
        for tile, image, seen in pieces(record.image, record):
            size = seen
            digest = sha256(repr(image.shape).encode())
            digest.update(np.ascontiguousarray(image).data)
            digests.append(digest.hexdigest())
            counts += histograms(image if tile is None else np.ascontiguousarray(image[tile.inner]))
    except (ValueError, MemoryError) as trouble:
        return ImageFacts((0, 0), np.zeros((256, 3), np.int64), [""]), [
            Problem(record.id, record.file, sentence(trouble))
        ]
    return ImageFacts(size, counts, digests), []


def check_map(
    record: Record, pixels: Pixels, file: str, ids: dict[int, int], size: tuple[int, int]
) -> tuple[list[np.ndarray | None], list[Problem]]:
    """Pixels per label of one map, or of each of its tiles (None for what cannot be read), and what is wrong with it."""
    counts: list[np.ndarray | None] = []
    unknown: Counter[int] = Counter()
    own = (0, 0)
    try:
        for tile, raw, seen in pieces(pixels, record):
            own = seen
            pixels_of_labels, strange = count_labels(
                raw if tile is None else np.ascontiguousarray(raw[tile.inner]), ids
            )
            counts.append(pixels_of_labels)
            unknown.update(strange)
    except (ValueError, MemoryError) as trouble:
        return [None] * max(1, len(record.tiles)), [Problem(record.id, file, sentence(trouble))]
    problems = []
    if size[0] and own != size:
        reason = (
            f"it is {own[0]} x {own[1]} pixels (rows x columns) and its image {record.file} "
            f"{size[0]} x {size[1]}: export both at one size"
        )
        problems.append(Problem(record.id, file, reason))
    if unknown:
        problems.append(Problem(record.id, file, undeclared(unknown)))
    return counts, problems


def add(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    return second if first is None else first if second is None else first + second


def total(parts: list[np.ndarray | None]) -> np.ndarray | None:
    """The sum of counts; None where there are none."""
    return reduce(add, parts, None)


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
    listed = ", ".join(f"{describe_id(value)} ({count} pixels)" for value, count in most[:5])
    more = f" and {len(most) - 5} other ids" if len(most) > 5 else ""
    return f"undeclared {listed}{more}: name them as classes, or list them as void (ingest.void)"


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
    pixels = class_pixels(checked)
    present = np.flatnonzero(pixels[:UNLABELLED])
    return tuple(sorted(present.tolist(), key=lambda k: (-pixels[k], k)))


def class_pixels(checked: Iterable[CheckedRecord]) -> np.ndarray:
    """int64 (256,): pixels per label, of the truth where it is known, else of the given mask."""
    return sum((item.known for item in checked if item.known is not None), np.zeros(256, np.int64))


def ratio(part: Any, whole: Any) -> float | None:
    """None where there is nothing to divide by (no pixels of that kind)."""
    return round(float(part) / float(whole), 6) if whole else None


def others(item: CheckedRecord | CheckedTile, classes: tuple[int, ...]) -> int:
    """Pixels of an image that are not of the data set's largest class."""
    return 0 if item.known is None or not classes else labelled(item.known) - int(item.known[classes[0]])
