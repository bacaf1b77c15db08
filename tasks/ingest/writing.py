"""The second look at every image: write it, its given mask and its truth, with mistakes planted where they are wanted."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segmend.images.parallel import map_images
from segmend.images.rasters import write_labels
from segmend.stage.events import progress
from tasks.ingest.checking.identifiers import inside
from tasks.ingest.checking.image_checks import CheckedRecord, others, read_labels
from tasks.ingest.kept_results import KeptResults
from tasks.ingest.noise._planting import AIM, ROUNDS, TOLERANCE, Noise, hide, plant
from tasks.ingest.reading.context import Reading, reading_as
from tasks.ingest.reading.source import Pixels, Record

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
    kept: KeptResults | None = None  # pictures of images that did not change are copied from it


class Planting(NamedTuple):
    """Mistakes planted in one image or in all."""

    by_class: np.ndarray  # int64 (256,): wrong pixels by true class
    by_kind: dict[str, int]


class Item(NamedTuple):
    """One image to write."""

    record: Record
    key: str  # of what is kept of it
    wanted: int  # wrong pixels
    fresh: bool  # whether the image itself is still to be written


def write(item: Item, job: Job) -> Planting:
    """Write one image, its given masks and its truth; with planted mistakes in the given mask where they are wanted."""
    with reading_as(job.reading):
        if item.fresh:
            write_given(item.record, item.key, job)
        return planted_mask(item, job) if job.noise else Planting(np.zeros(256, np.int64), {})


def write_given(record: Record, key: str, job: Job) -> None:
    """The image and every map that the data give; the given mask only where no mistakes are planted in its place."""
    keep(inside(job.out / "images", record.id), key, "image", partial(write_image, record=record), job)
    maps = [
        (inside(inside(job.out / "annotators", entry.annotator, ""), record.id), f"by_{number}", entry.mask)
        for number, entry in enumerate(record.annotations)
    ]
    if job.noise is None and record.mask is not None:
        maps.append((inside(job.out / "masks", record.id), "mask", record.mask))
    truth = record.truth if job.noise is None else record.truth or record.mask
    if truth is not None:
        maps.append((inside(job.out_truth, record.id), "mask" if truth is record.mask else "truth", truth))
    for path, kind, pixels in maps:
        keep(path, key, kind, partial(write_map, pixels=pixels, job=job), job)


def keep(path: Path, key: str, kind: str, make: "partial[None]", job: Job) -> None:
    if job.kept:
        job.kept.write(path, key, kind, make)
    else:
        make(path)


def write_image(path: Path, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(record.image()).save(path, format="PNG", compress_level=4)


def write_map(path: Path, pixels: Pixels, job: Job) -> None:
    write_labels(path, read_labels(pixels, job.ids), job.colours)


def planted_mask(item: Item, job: Job) -> Planting:
    """Write the truth with mistakes planted in it as the given mask."""
    record, wanted = item.record, item.wanted
    assert job.noise is not None
    given = record.truth or record.mask
    truth = read_labels(given, job.ids) if given else None
    if truth is None:
        return Planting(np.zeros(256, np.int64), {})
    planted = plant(truth, wanted or 0, job.classes, job.noise, job.seed, record.id)
    by_class = np.bincount(truth[planted.labels != truth], minlength=256)
    labels, by_kind = planted.labels, planted.by_kind
    if job.noise.hides and record.split in NOISY:
        labels = hide(labels, job.hidden, job.noise, job.seed, record.id)
        by_kind = by_kind | {"hidden": int((labels != planted.labels).sum())}
    write_labels(inside(job.out / "masks", record.id), labels, job.colours)
    return Planting(by_class, by_kind)


def write_all(checked: list[CheckedRecord], job: Job, share: float) -> Planting:
    """Write every image; planting is repeated, with the numbers scaled, until `share` of the pixels are wrong.

    Raises ValueError where the share cannot be met within the tolerance.
    """
    foreground = [others(item, job.classes) for item in checked]
    noisy = [item.record.split in NOISY for item in checked]
    total = sum(count for count, hit in zip(foreground, noisy, strict=True) if hit)
    goal = share * total
    best: tuple[float, float] | None = None
    factor = 1.0
    for attempt in range(ROUNDS + 1):
        items = [
            Item(item.record, item.key, round(factor * share * count) if hit else 0, attempt == 0)
            for item, count, hit in zip(checked, foreground, noisy, strict=True)
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
