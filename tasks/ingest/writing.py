"""The second look at every image: write it, its given mask and its truth, with mistakes planted where they are wanted."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, write_labels
from segmend.images.tiles import Tile
from segmend.stage.events import progress
from tasks.ingest.checking.identifiers import inside
from tasks.ingest.checking.image_checks import CheckedRecord, others, translate
from tasks.ingest.kept_results import KeptResults
from tasks.ingest.noise._planting import AIM, ROUNDS, TOLERANCE, Noise, hide, plant
from tasks.ingest.reading.context import Reading, reading_as
from tasks.ingest.reading.source import Pixels, Record
from tasks.ingest.reading.windows import pieces

NOISY = ("train", "val")
SMALL = 20_000_000  # pixels in all; starting processes for fewer costs more than it saves


class Job(NamedTuple):
    """What is the same for all images."""

    ids: dict[int, int]
    colours: list[list[int]]
    out: Path
    out_truth: Path
    noise: Noise | None  # None: nothing is planted
    classes: tuple[int, ...]  # present in the data set, the largest first
    seed: int
    hidden: tuple[int, ...] = ()  # classes whose labels are taken away
    reading: Reading = Reading()
    fill_void: bool = False  # void of given masks becomes unlabelled
    kept: KeptResults | None = None  # pictures of images that did not change are copied from it


class Planting(NamedTuple):
    """Mistakes planted in one image or in all."""

    by_class: np.ndarray  # int64 (256,): wrong pixels by true class
    by_kind: dict[str, int]


class Item(NamedTuple):
    """One image to write."""

    record: Record
    key: str  # of what is kept of it
    wanted: tuple[int, ...]  # wrong pixels in it, or in each tile
    fresh: bool  # whether the image itself is still to be written


def write(item: Item, job: Job) -> Planting:
    """Write one image, its given masks and its truth; with planted mistakes in the given mask where they are wanted."""
    with reading_as(job.reading):
        if item.fresh:
            write_given(item.record, item.key, job)
        return planted_mask(item, job) if job.noise else Planting(np.zeros(256, np.int64), {})


def write_given(record: Record, key: str, job: Job) -> None:
    """The image and every map that the data give; the given mask only where no mistakes are planted in its place."""
    write_pieces(record, record.image, job.out / "images", key, "image", write_image, job)
    maps = [
        (inside(job.out / "annotators", entry.annotator, ""), f"by_{number}", entry.mask)
        for number, entry in enumerate(record.annotations)
    ]
    if job.noise is None and record.mask is not None:
        maps.append((job.out / "masks", "mask", record.mask))
    fill = job.fill_void and record.split in NOISY
    for folder, kind, pixels in maps:
        kind = f"{kind}_opened" if fill else kind
        write_pieces(record, pixels, folder, key, kind, partial(write_map, job=job, fill=fill), job)
    truth = record.truth if job.noise is None else record.truth or record.mask
    if truth is not None:
        kind = "mask" if truth is record.mask else "truth"
        write_pieces(record, truth, job.out_truth, key, kind, partial(write_map, job=job), job)


Write = Callable[[Path, np.ndarray, Tile | None], None]


def write_pieces(record: Record, pixels: Pixels, folder: Path, key: str, kind: str, write: Write, job: Job) -> None:
    """A picture or map as one file, or as one for each tile; those that are kept from an earlier run are copied."""
    paths = {tile: inside(folder, tile.id if tile else record.id) for tile in record.tiles or (None,)}
    names = {tile: f"{key}.{kind}{'.' + tile.id.rsplit('/', 1)[1] if tile else ''}.png" for tile in paths}
    if job.kept and all([job.kept.copy(names[tile], path) for tile, path in paths.items()]):
        return
    for tile, array, _ in pieces(pixels, record):
        paths[tile].parent.mkdir(parents=True, exist_ok=True)
        write(paths[tile], array, tile)
        if job.kept:
            job.kept.keep(names[tile], paths[tile])


def write_image(path: Path, image: np.ndarray, tile: Tile | None) -> None:
    Image.fromarray(np.ascontiguousarray(image)).save(path, format="PNG", compress_level=4)


def write_map(path: Path, raw: np.ndarray, tile: Tile | None, job: Job, fill: bool = False) -> None:
    """A map as the files say; `fill`: void is not labelled yet."""
    labels = labels_of(raw, tile, job)
    write_labels(path, opened(labels, tile) if fill else labels, job.colours)


def opened(labels: LabelMap, tile: Tile | None) -> LabelMap:
    """Void as not labelled yet; what another tile owns stays void."""
    void = labels == VOID if tile is None else (labels == VOID) & tile.owned()
    return np.where(void, np.uint8(UNLABELLED), labels)


def labels_of(raw: np.ndarray, tile: Tile | None, job: Job) -> LabelMap:
    """Ids of the files as labels; void where another tile owns the pixels."""
    labels = translate(raw, job.ids)[0]
    return labels if tile is None else np.where(tile.owned(), labels, np.uint8(VOID))


def planted_mask(item: Item, job: Job) -> Planting:
    """Write the truth with mistakes planted in it as the given mask; each tile has mistakes of its own."""
    given = item.record.truth or item.record.mask
    if given is None:
        return Planting(np.zeros(256, np.int64), {})
    return add(
        planted_piece(labels_of(raw, tile, job), tile, item.record, wanted, job)
        for (tile, raw, _), wanted in zip(pieces(given, item.record), item.wanted, strict=True)
    )


def planted_piece(truth: LabelMap, tile: Tile | None, record: Record, wanted: int, job: Job) -> Planting:
    assert job.noise is not None
    identifier, split = tile.id if tile else record.id, record.split
    planted = plant(truth, wanted, job.classes, job.noise, job.seed, identifier)
    by_class = np.bincount(truth[planted.labels != truth], minlength=256)
    labels, by_kind = planted.labels, planted.by_kind
    if job.noise.hides and split in NOISY:
        labels = hide(labels, job.hidden, job.noise, job.seed, identifier)
        by_kind = by_kind | {"hidden": int((labels != planted.labels).sum())}
    if job.fill_void and split in NOISY:
        labels = opened(labels, tile)
    write_labels(inside(job.out / "masks", identifier), labels, job.colours)
    return Planting(by_class, by_kind)


def write_all(checked: list[CheckedRecord], job: Job, share: float) -> Planting:
    """Write every image; planting is repeated, with the numbers scaled, until `share` of the pixels are wrong.

    Raises ValueError where the share cannot be met within the tolerance.
    """
    foreground = [tuple(others(part, job.classes) for part in item.tiles or (item,)) for item in checked]
    noisy = [item.record.split in NOISY for item in checked]
    total = sum(sum(counts) for counts, hit in zip(foreground, noisy, strict=True) if hit)
    goal = share * total
    best: tuple[float, float] | None = None
    factor = 1.0
    for attempt in range(ROUNDS + 1):
        items = [
            Item(item.record, item.key, tuple(round(factor * share * count) * hit for count in counts), attempt == 0)
            for item, counts, hit in zip(checked, foreground, noisy, strict=True)
            if attempt == 0 or hit
        ]
        what = "images written" if attempt == 0 else f"mistakes planted again ({attempt})"
        work = partial(write, job=job)
        small = sum(item.height * item.width for item in checked) < SMALL
        planted = add(progress(map(work, items), len(items), what) if small else map_images(work, items, what))
        wrong = float(planted.by_class.sum())
        if job.noise is None or goal == 0:
            return planted
        off = abs(wrong - goal) / goal
        if off <= AIM or attempt == ROUNDS:
            break
        if best is None or off < best[0]:
            best = (off, factor)
        last_try = attempt == ROUNDS - 1
        factor = best[1] if last_try else factor * min(2.0, max(0.5, goal / max(wrong, 1.0)))
        if last_try and best[0] == off:
            break
    if off > TOLERANCE:
        raise ValueError(
            f"ingest.noise: {share:.0%} wrong pixels were wanted and {wrong / total:.1%} could be planted in these masks; "
            "choose another level or another mix"
        )
    return planted


def add(parts: Iterable[Planting]) -> Planting:
    total = np.zeros(256, np.int64)
    kinds: dict[str, int] = {}
    for part in parts:
        total += part.by_class
        for kind, count in part.by_kind.items():
            kinds[kind] = kinds.get(kind, 0) + count
    return Planting(total, kinds)
