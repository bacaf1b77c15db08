"""Data Science Bowl 2018: a folder an image, with images/<id>.png and one black-and-white file an object in masks/.

Source: J. C. Caicedo et al., Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl, Nature Methods 16,
2019 (BBBC038). Idea: what any file of masks/ marks is the second class; objects of one image must not overlap in it, and where
they do the pixel is marked once.
Splits: folders named train, val, test above the images' folders; the contest's own stage1_... are not splits with masks, so
these are dealt out as ingest.splits says.
Limits: two classes (ingest.classes renames them). Which object a pixel belonged to is lost. A folder without masks/ is an image
without a mask.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool

from segmend.stage.params import Method
from tasks.ingest.formats._shapes import Shape, drawn_on, split_in
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.source import Hints, Problem, Record, Source, class_ids, relative, renamed

CLASSES = ("background", "nucleus")


class Dsb2018(Method):
    name: Literal["dsb2018"] = "dsb2018"

    @staticmethod
    def sees(raw: Path) -> str:
        example = next((path for path in folders_of(raw) if (path / "masks").is_dir()), None)
        return f"it has a folder an image with one mask an object, as {relative(example, raw)}" if example else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        folders = folders_of(raw)
        if not folders:
            raise ValueError(
                f"{raw} is not laid out as dsb2018: <id>/images/<id>.png and <id>/masks/*.png are expected"
            )
        classes = renamed(CLASSES, hints, "a set of objects")
        records, problems, read = [], [], set()
        for folder in folders:
            image = next(path for path in pictures_in(folder / "images") if path.stem == folder.name)
            files = pictures_in(folder / "masks") if (folder / "masks").is_dir() else []
            read |= {relative(path, raw) for path in files}
            shapes = tuple(Shape(1, partial(cover_file, path), relative(path, raw)) for path in files)
            name = folder.relative_to(raw).as_posix()
            for path in pictures_in(folder / "images"):
                if path != image:
                    reason = f"the folder has a second image beside {image.name}: one image a folder is read"
                    problems.append(Problem(name, relative(path, raw), reason))
            records.append(
                Record(
                    name,
                    split_in(folder.relative_to(raw).parts[:-1]),
                    partial(read_picture, image, hints.image_range),
                    partial(drawn_on, image, shapes, None, 0, "later_over_earlier", "upright") if files else None,
                    file=relative(image, raw),
                    mask_file=relative(folder / "masks", raw) if files else "",
                )  # fmt: skip
            )
        notes = (f"{len(read)} objects, one file each, are '{classes[1]}'",)
        colours = ((0, 0, 0), (255, 255, 255))
        return Source(
            classes, class_ids(classes, (), "dsb2018"), records, colours, tuple(problems), notes,
            used=frozenset(read), reads="pictures are read in <id>/images/ and <id>/masks/",
        )  # fmt: skip


def folders_of(raw: Path) -> list[Path]:
    """Folders that hold images/<own name>.*"""
    return sorted(
        path.parent
        for path in raw.rglob("images")
        if path.is_dir() and path.parent != raw and any(image.stem == path.parent.name for image in pictures_in(path))
    )


def cover_file(path: Path, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    inside = read_ids(path) != 0
    if inside.shape != (height, width):
        raise ValueError(
            f"it is {inside.shape[0]} x {inside.shape[1]} pixels and its image {height} x {width}: export both at one size"
        )
    return inside
