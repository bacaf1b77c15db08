"""What the answers did to the labels: pixels changed, fixed, broken, per image of the train split."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from segmend.images.dataset import Dataset, Labels
from segmend.images.parallel import map_images
from segmend.images.rasters import LabelMap, is_class, read_labels


class Job(NamedTuple):
    """What one image's count needs; paths only, because it is sent to another process."""

    first: Path
    last: Path
    truth: Path | None


class Change(NamedTuple):
    """Pixel counts of one image, or of several. Without truth only `changed` is known."""

    changed: int = 0
    fixed: int = 0  # was wrong or without a class, is right
    broken: int = 0  # was right, is wrong or without a class
    other: int = 0  # changed, and wrong before and after
    left: int = 0  # given a wrong class, and not touched

    def __add__(self, more: tuple[int, ...]) -> "Change":  # type: ignore[override]  # sums, instead of tuples joined
        return Change(*(a + b for a, b in zip(self, more, strict=True)))


def masks(first: LabelMap, last: LabelMap, truth: LabelMap | None) -> dict[str, Bool[np.ndarray, "h w"]]:
    """The pixels of each kind of change; pixels without truth are only ever `changed`."""
    changed = first != last
    if truth is None:
        return {"changed": changed}
    valid, was, now = is_class(truth), first == truth, last == truth
    return {
        "changed": changed,
        "fixed": changed & valid & now,
        "broken": changed & valid & was,
        "other": changed & valid & ~was & ~now,
        "left": ~changed & valid & ~now & is_class(last),
    }


def count(job: Job) -> Change:
    truth = read_labels(job.truth) if job.truth else None
    kinds = masks(read_labels(job.first), read_labels(job.last), truth)
    return Change(**{name: int(mask.sum()) for name, mask in kinds.items()})


def count_changes(data: Dataset, first: Labels, last: Labels) -> dict[str, Change]:
    """The change of every image of the train split, by id."""
    names = [sample.id for sample in data.of("train")]
    assert data.truth_folder is not None
    jobs = [
        Job(first.path(n), last.path(n), data.truth_folder / f"{n}.png" if n in data.with_truth else None)
        for n in names
    ]
    return dict(zip(names, map_images(count, jobs, "changes"), strict=True))


def most_changed(changes: dict[str, Change], images: int) -> list[str]:
    """The images with the most changed pixels; where nothing changed, those with the most wrong pixels."""
    key = (lambda n: -changes[n].changed) if any(c.changed for c in changes.values()) else (lambda n: -changes[n].left)
    return sorted(sorted(changes), key=key)[:images]
