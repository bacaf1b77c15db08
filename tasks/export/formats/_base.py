"""What a format of export is given, and what it must say: `write` gets the images one at a time, so memory stays flat."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from csv import writer
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segmend.images.dataset import Card, Sample
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, LabelMap, RegionMap
from segmend.stage.params import Method


class Item(NamedTuple):
    """One image of the data set. `labels` is None for an image that nobody labelled; `objects` are the single objects where a
    labeller drew some. `place` is what ingest kept of where the image lies: its entry of dataset/georeference.json, or that of its
    volume in dataset/volumes.json."""

    sample: Sample
    image: UInt8[np.ndarray, "h w 3"]
    labels: LabelMap | None
    objects: RegionMap | None = None
    place: dict[str, Any] | None = None


VOID_ONLY = {UNLABELLED: "void"}  # of formats that have one id for void and "not labelled yet"
BACKGROUND = "background"  # what CVAT and Label Studio have where nothing is labelled; ingest reads it as a class


class ExportFormat(Method, ABC):
    """Base of the formats. `becomes` says what becomes of the ids that a format cannot hold: VOID and UNLABELLED become "void" or
    the class BACKGROUND; `image_loss` says in one sentence what is lost of the images. Empty: reading it back gives equal pixels.
    `bare_is_unlabelled`: an image without labels is read back as one without any labelled pixel."""

    becomes: ClassVar[dict[int, str]] = {}
    image_loss: ClassVar[str] = ""
    bare_is_unlabelled: ClassVar[bool] = False

    @abstractmethod
    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        """Write the data set into the empty folder `out`; `images` False: labels and lists only."""


class SplitsFile:
    """splits.csv, a row an image, written while the images come; use it as a context."""

    def __init__(self, out: Path):
        self.path = out / "splits.csv"

    def __enter__(self) -> "SplitsFile":
        self._file = self.path.open("w", newline="", encoding="utf-8")
        self._rows = writer(self._file, lineterminator="\n")
        self._rows.writerow(("id", "split"))
        return self

    def add(self, item: Item) -> None:
        self._rows.writerow((item.sample.id, item.sample.split))

    def __exit__(self, *_: object) -> None:
        self._file.close()


def write_class_names(out: Path, card: Card) -> None:
    """classes.json: names and colours of the classes, in the order of their ids."""
    names = {"classes": list(card.classes), "colours": [list(colour) for colour in card.colours]}
    (out / "classes.json").write_text(dumps(names, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def save_png(path: Path, pixels: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]) -> None:
    """Write a grey or RGB picture; equal pixels give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", compress_level=6)


def without_unlabelled(labels: LabelMap) -> LabelMap:
    """Not labelled yet becomes void, for formats that have one id for both."""
    return np.where(labels == UNLABELLED, np.uint8(VOID), labels)


def pieces(item: Item) -> Iterator[tuple[int, np.ndarray]]:
    """Class id and mask of each object, and of what lies in no object, class by class."""
    if item.labels is None:
        return
    objects = np.full(item.labels.shape, NO_REGION, np.int32) if item.objects is None else item.objects
    known = item.labels < UNLABELLED
    keys = np.where(known, (objects.astype(np.int64) + 1) * 256 + item.labels, -1)
    for key in np.unique(keys[known]).tolist():
        yield key % 256, keys == key
