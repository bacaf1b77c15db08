"""What a format hands to ingest: what is known before any pixel is read, and one record per image.

Pixels are read when a record's functions are called, so a data set of any size is listed in little memory. The functions
cross process borders: they are `functools.partial` of functions that stand in a module.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.images.rasters import VOID, default_colours
from segmend.images.tiles import Tile
from tasks.ingest.reading.class_name_rules import checked_names
from tasks.ingest.reading.context import Reading

Pixels = Callable[[], np.ndarray]

SPLIT_NAMES = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
}  # fmt: skip


class Hints(NamedTuple):
    """What the settings say beside the files; a format uses what it cannot know by itself."""

    classes: tuple[str, ...] = ()
    void: tuple[int, ...] = ()
    palette: str = ""
    image_range: tuple[float, float] | None = None


class Problem(NamedTuple):
    """One thing that is wrong: which image (empty: the whole set), which file, what and how to mend it."""

    id: str
    file: str
    reason: str


class Annotation(NamedTuple):
    """One annotator's mask of an image; `mask()` as in Record."""

    annotator: str
    mask: Pixels
    file: str


class Unused(NamedTuple):
    """Files that a format leaves alone on purpose: a file, or a folder and all in it, and why."""

    path: str  # relative to the data's root, POSIX; a folder ends with /
    reason: str


class Record(NamedTuple):
    """One image. `image()` is uint8 (h, w, 3); `mask()` and `truth()` are integers (h, w), ids as the files have them.

    Who draws a mask from annotations calls `account` (context.py) for each, so that none vanishes.
    """

    id: str  # a POSIX path without suffix
    split: str | None  # None: the data do not say
    image: Pixels
    mask: Pixels | None = None
    truth: Pixels | None = None
    file: str = ""  # relative to the raw folder, for messages and samples.csv
    mask_file: str = ""
    truth_file: str = ""
    annotations: tuple[Annotation, ...] = ()  # in place of mask, where several people or models labelled
    group: str = ""  # images of one group stay in one split, as the slices of a volume
    tiles: tuple[Tile, ...] = ()  # where a large image is cut; readers are asked for windows (reading/windows.py)


class Source(NamedTuple):
    """A data set as a format understood it."""

    classes: tuple[str, ...]
    ids: dict[int, int]  # id in the files -> our class id, or VOID
    records: list[Record]
    colours: tuple[tuple[int, int, int], ...] = ()
    problems: tuple[Problem, ...] = ()  # found while listing the files
    notes: tuple[str, ...] = ()  # what was decided, in sentences for people
    source: str = ""
    notice: str = ""
    used: frozenset[str] = frozenset()  # files read beside those that records name: lists, annotations, class names
    unused: tuple[Unused, ...] = ()
    reading: Reading = Reading()
    kept: tuple[tuple[str, str], ...] = ()  # (name, text) of files written into dataset/, as a georeference
    reads: str = ""  # what the format reads, as a reason for files that nothing else explains

    @property
    def palette(self) -> list[list[int]]:
        given = [list(colour) for colour in self.colours]
        return given or default_colours(len(self.classes))

    @property
    def annotators(self) -> tuple[str, ...]:
        return tuple(sorted({entry.annotator for record in self.records for entry in record.annotations}))

    @property
    def void(self) -> list[int]:
        return sorted(raw for raw, ours in self.ids.items() if ours == VOID)


def class_ids(classes: tuple[str, ...], void: tuple[int, ...], where: str) -> dict[int, int]:
    """The id table of masks whose values are class ids: 0..K-1, the void ids and 255; 254 stays 'not labelled yet'.

    Raises ValueError for names that `checked_names` refuses, or an id that is both a class and void.
    """
    checked_names(classes, where)
    both = sorted(set(void) & set(range(len(classes))))
    if both:
        raise ValueError(
            f"id {both[0]} is void and also the class '{classes[both[0]]}' of {where}: leave it out of void, or give "
            'the classes with their ids in classes.json: {"classes": {"1": "first class", ...}}'
        )
    return {**{k: k for k in range(len(classes))}, 254: 254, **dict.fromkeys((*void, VOID), VOID)}


def not_laid_out(raw: Path, form: str, expected: str) -> ValueError:
    """The error of a folder without the files that a format reads."""
    return ValueError(f"{raw} is not laid out as {form}: {expected}")


def relative(path: Path, raw: Path) -> str:
    return path.relative_to(raw).as_posix()


def identifier(path: Path, folder: Path) -> str:
    """The id of an image file: its path under `folder`, without suffix."""
    return path.relative_to(folder).with_suffix("").as_posix()


def holds(root: Path, *parts: str) -> bool:
    """Whether all of these files or folders are in `root`. Folders that wrap a data set are entered by recognition.py."""
    return all((root / part).exists() for part in parts)


def truth_of(root: Path, masks: Path, mask: Path) -> Path | None:
    """The true mask beside a given one: truth/ has the layout of the masks' folder."""
    path = root / "truth" / mask.relative_to(masks)
    return path if path.is_file() else None


def renamed(classes: tuple[str, ...], hints: Hints, where: str) -> tuple[str, ...]:
    """A format's class names, or those of the settings in the same number."""
    if hints.classes and len(hints.classes) != len(classes):
        raise ValueError(
            f"ingest.classes names {len(hints.classes)} classes and {where} has {len(classes)}: name all of them, or none"
        )
    return hints.classes or classes
