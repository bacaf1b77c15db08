"""Black-and-white masks, grey or JPEG: images/ and masks/ by equal names, white is the second class.

Source: Kvasir-SEG (D. Jha et al., MMM 2020), whose masks are JPEG files with smeared values; likewise ISIC, CVC-ClinicDB,
BU-SUC and most two-class sets.
Formula: class 1 where the mean of the mask's channels is above `threshold`.
Splits, mask suffixes and annotators: as in the format folders.
Limits: no void; threshold 0 takes every value above black; a mask in colour, or with its objects in the alpha channel only,
is refused.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.reading.class_names import Naming, naming
from tasks.ingest.reading.image_files import GREY_ENOUGH, read_picture, read_white
from tasks.ingest.reading.pair_records import pair_source
from tasks.ingest.reading.paired_files import files_of, folder_of, paired
from tasks.ingest.reading.source import Hints, Source, class_ids, renamed

CLASSES = ("background", "foreground")
LOOKED_AT = 20  # masks
NEAR = 30  # grey values this near to black or white count as smeared black or white


class Kvasir(Method):
    name: Literal["kvasir"] = "kvasir"
    threshold: int = Field(127, ge=0, le=254, description="grey values above it are the second class")
    masks: str = Field("masks", description="folder of the masks")
    annotators: tuple[str, ...] = Field((), description="folders of masks/ that are one annotator each; empty: found")
    mask_suffix: str = Field("", description="what a mask's name has behind the image's; empty: found")

    @staticmethod
    def sees(raw: Path) -> str:
        if not files_of(raw, folder_of(raw, "images")):
            return ""
        masks = [paths[0] for paths in files_of(raw, folder_of(raw, "masks")).values()]
        named = naming(raw, Hints())
        if not masks or len(named.classes) not in (0, 2) or named.palette:
            return ""
        step = max(1, len(masks) // LOOKED_AT)
        values = np.zeros(256, np.int64)
        for path in masks[::step][:LOOKED_AT]:
            try:
                values += grey_values(path)
            except ValueError:
                return ""
        if not black_and_white(values):
            return ""
        return "it has images and masks, and the masks are black and white" + (
            "" if named.classes else ", nothing names classes"
        )

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        pairs = paired(raw, "images", self.masks, "truth", self.mask_suffix)
        if not pairs.images or not pairs.masks and not pairs.truths:
            raise ValueError(
                f"{raw} is not laid out as kvasir: the folders images and {self.masks} with pictures are expected"
            )
        own = naming(raw, hints)
        names = renamed(CLASSES, Hints(own.classes), "a black-and-white set")
        named = Naming(names, class_ids(names, (), "kvasir"), ((0, 0, 0), (255, 255, 255)), None, own.where)
        source = pair_source(raw, hints, pairs, named, partial(read_white, threshold=self.threshold), self.annotators)
        return source._replace(notes=(f"grey values above {self.threshold} are '{names[1]}'", *source.notes))


def grey_values(path: Path) -> np.ndarray:
    """int64 (256,): pixels per grey value of a mask. Raises ValueError for a picture in colour."""
    rgb = read_picture(path)
    if int((rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)).max(initial=0)) > GREY_ENOUGH:
        raise ValueError("it is a colour picture")
    return np.bincount(rgb.mean(axis=2).astype(np.uint8).ravel(), minlength=256)


def black_and_white(values: np.ndarray) -> bool:
    """Whether these grey values are two, black and white, perhaps smeared by a lossy file; ids of classes are not.

    Smeared: nine tenths of the pixels lie near black or white, and many different values near white occur, as ids do not.
    """
    if not values[255] and not values[255 - NEAR :].any():
        return False
    present = np.flatnonzero(values)
    if set(present.tolist()) <= {0, 255}:
        return len(present) == 2
    near_white = int((values[255 - NEAR : 254] > 0).sum())
    share = (values[: NEAR + 1].sum() + values[255 - NEAR :].sum()) / values.sum()
    return near_white >= 4 and share > 0.9
