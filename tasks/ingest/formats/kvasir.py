"""Black-and-white masks, grey or JPEG: images/ and masks/ by equal names, white is the second class.

Source: Kvasir-SEG (D. Jha et al., MMM 2020), whose masks are JPEG files with smeared values; likewise ISIC, CVC-ClinicDB,
BU-SUC and most two-class sets.
Formula: class 1 where the mean of the mask's channels is above `threshold`.
Splits: as in the format folders: sub-folders or splits.csv, else as ingest.splits says.
Limits: no void; threshold 0 takes every value above black.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.reading.class_names import naming
from tasks.ingest.reading.image_files import pictures_in, read_picture, turned_like
from tasks.ingest.reading.source import (
    SPLIT_NAMES,
    Hints,
    Problem,
    Record,
    Source,
    class_ids,
    relative,
    renamed,
    root_with,
)
from tasks.ingest.reading.splits import from_csv

CLASSES = ("background", "polyp")


class Kvasir(Method):
    name: Literal["kvasir"] = "kvasir"
    threshold: int = Field(127, ge=0, le=254, description="grey values above it are the second class")
    masks: str = Field("masks", description="folder of the masks")
    mask_suffix: str = Field("", description="what a mask's name has behind the image's, as '_segmentation'")

    @staticmethod
    def sees(raw: Path) -> str:
        root = root_with(raw, "images", "masks")
        if root is None or naming(root, Hints()).classes:
            return ""
        masks = pictures_in(root / "masks")[:5]
        try:
            values = np.concatenate([np.unique(read_picture(path)) for path in masks]) if masks else np.zeros(0)
        except ValueError:
            return ""
        grey = ((values > 30) & (values < 225)).mean() if len(values) else 1
        jpeg = bool(masks) and all(path.suffix.lower() in (".jpg", ".jpeg") for path in masks)
        if values.size and values.max() >= 225 and (set(values.tolist()) <= {0, 255} or (jpeg and grey < 0.9)):
            return "it has images/ and masks/, the masks are black and white, and nothing names classes"
        return ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        root = root_with(raw, "images", self.masks)
        if root is None:
            raise ValueError(f"{raw} is not laid out as kvasir: the folders images and {self.masks} are expected")
        classes = naming(root, hints).classes or CLASSES
        classes = renamed(CLASSES, Hints(classes), "a black-and-white set")
        images, masks, truths = (self.files(root / kind) for kind in ("images", self.masks, "truth"))
        records = []
        for name, image in images.items():
            mask, truth = (table.get(name + self.mask_suffix) for table in (masks, truths))
            records.append(
                Record(
                    name,
                    SPLIT_NAMES.get(name.split("/")[0]) if "/" in name else None,
                    partial(read_picture, image, hints.image_range),
                    partial(read_white, mask, self.threshold, image) if mask else None,
                    partial(read_white, truth, self.threshold, image) if truth else None,
                    relative(image, raw),
                    relative(mask, raw) if mask else "",
                    relative(truth, raw) if truth else "",
                )  # fmt: skip
            )
        problems = [
            Problem("", relative(path, raw), "it has no image: add it or remove the mask")
            for name, path in masks.items()
            if name.removesuffix(self.mask_suffix) not in images
        ]
        notes = (f"grey values above {self.threshold} are '{classes[1]}'",)
        if (root / "splits.csv").is_file():
            records, strange = from_csv(root / "splits.csv", records)
            problems += strange
        return Source(
            classes, class_ids(classes, (), "kvasir"), records, ((0, 0, 0), (255, 255, 255)), tuple(problems), notes
        )

    def files(self, folder: Path) -> dict[str, Path]:
        return (
            {p.relative_to(folder).with_suffix("").as_posix(): p for p in pictures_in(folder)}
            if folder.is_dir()
            else {}
        )


def read_white(path: Path, threshold: int, image: Path) -> np.ndarray:
    """0 and 1 (h, w)."""
    return turned_like((read_picture(path).mean(axis=2) > threshold).astype(np.int32), image)
