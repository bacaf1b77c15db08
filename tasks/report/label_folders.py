"""Folders of label maps, as they are compared: which file is whose, and what its ids mean.

A folder is a round's labels (maps/), a data set that ingest wrote (masks/, dataset.json), an export in folders (masks/,
classes.json), or index PNGs whose names are the images' ids. Where both sides name their classes, ids are compared by name.
"""

from collections import Counter
from json import loads
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from segmend.images.dataset import Card, Dataset
from segmend.images.rasters import MAX_CLASSES, UNLABELLED, LabelMap, default_colours, read_labels

Table = UInt8[np.ndarray, "256"]


class LabelFolder(NamedTuple):
    """The label maps of one set: files by image id."""

    name: str
    folder: Path
    files: dict[str, Path]
    classes: tuple[str, ...] | None  # None: the folder does not name them
    table: Table | None = None  # what each id of the files is among the classes of the comparison; None: the same

    def read(self, name: str) -> LabelMap:
        return read_as(self.files[name], self.table)


def read_as(path: Path, table: Table | None) -> LabelMap:
    """A label map with its ids replaced by those of `table`."""
    labels = read_labels(path)
    return labels if table is None else table[labels]


def label_folder(folder: Path) -> LabelFolder:
    """The label maps in a folder; ValueError where there are none."""
    if (folder / "dataset.json").is_file() and not (folder / "masks").is_dir():
        raise ValueError(
            f"{folder.parent.name} was read, and none of its images has a mask: what leaves for Label Studio has labels only once somebody "
            "submitted them and the project was exported"
        )
    inside = next((folder / name for name in ("maps", "masks") if (folder / name).is_dir()), folder)
    files = {path.relative_to(inside).with_suffix("").as_posix(): path for path in sorted(inside.rglob("*.png"))}
    if not files:
        raise ValueError(
            f"{folder} holds no label maps: name a round (r2), a folder of data/labels, an export, or a folder of index "
            "PNGs named after the images"
        )
    name = (
        folder.parent.name if folder.name == "dataset" else folder.name
    )  # .work/diff/read/NAME/dataset: an export NAME
    return LabelFolder(name, folder, files, classes_in(folder))


def classes_in(folder: Path) -> tuple[str, ...] | None:
    """The names of the classes that a folder tells."""
    if (folder / "dataset.json").is_file():
        return Dataset(folder).classes
    path = folder / "classes.json"
    content = loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else None
    return tuple(content["classes"]) if isinstance(content, dict) and "classes" in content else None


def card_of(first: LabelFolder, second: LabelFolder, dataset: Path | None) -> Card:
    """Names and colours of the classes of a comparison: the data set's, else those that a folder names, else numbers; and after
    them those that one side has alone."""
    known = Dataset(dataset).card if dataset is not None and (dataset / "dataset.json").is_file() else None
    named = [side.classes for side in (first, second) if side.classes is not None]
    base = known.classes if known else named[0] if named else tuple(str(k) for k in range(UNLABELLED))
    more = [name for names in named for name in names if name not in base] if known or named else []
    names = (*base, *dict.fromkeys(more))
    if len(names) > MAX_CLASSES:
        raise ValueError(
            f"{first.folder} and {second.folder} name {len(names)} classes together; {MAX_CLASSES} are allowed"
        )
    colours = [(r, g, b) for r, g, b in default_colours(len(names))]
    colours[: len(base)] = known.colours if known else colours[: len(base)]
    return Card(
        name=known.name if known else "", classes=names, colours=tuple(colours), mean=(0.5,) * 3, deviation=(0.25,) * 3,
        notice=known.notice if known else "",
    )  # fmt: skip


def by_name(side: LabelFolder, classes: tuple[str, ...]) -> LabelFolder:
    """The folder with its ids as those of `classes`."""
    if side.classes is None or side.classes == classes[: len(side.classes)]:
        return side
    table = np.arange(256, dtype=np.uint8)
    table[: len(side.classes)] = [classes.index(name) for name in side.classes]
    return side._replace(table=table)


def named_alike(first: LabelFolder, second: LabelFolder) -> LabelFolder:
    """The second folder with the ids of the first, where a format changed them (`_leftImg8bit`, folders around): an image that only
    one id of each side can be by its last part is that image."""
    alone = [
        [name for name in one.files if name not in other.files] for one, other in ((first, second), (second, first))
    ]
    tails = [Counter(map(tail, names)) for names in alone]
    wanted = {tail(name): name for name in alone[0]}
    unique = {name for name, number in tails[1].items() if number == 1 and tails[0][name] == 1}
    files = {
        wanted[tail(name)] if name not in first.files and tail(name) in unique else name: path
        for name, path in second.files.items()
    }
    return second._replace(files=files)


def tail(name: str) -> str:
    return PurePosixPath(name).name.removesuffix("_leftImg8bit")
