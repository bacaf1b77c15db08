"""What a format of export is given, and what it must say: `write` gets the images one at a time, so memory stays flat."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from segmend.images.dataset import Card, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap
from segmend.stage.params import Method


class Item(NamedTuple):
    """One image of the data set. `labels` is None for an image that nobody labelled; `objects` are the single objects where a
    labeller drew some."""

    sample: Sample
    image: UInt8[np.ndarray, "h w 3"]
    labels: LabelMap | None
    objects: RegionMap | None = None


class ExportFormat(Method, ABC):
    """Base of the formats. `loss` says in one sentence what the format cannot hold; empty: reading it back gives equal pixels."""

    loss: ClassVar[str] = ""

    @abstractmethod
    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        """Write the data set into the empty folder `out`; `images` False: labels and lists only."""


def save_png(path: Path, pixels: UInt8[np.ndarray, "h w"] | UInt8[np.ndarray, "h w 3"]) -> None:
    """Write a grey or RGB picture; equal pixels give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", compress_level=6)


def without_unlabelled(labels: LabelMap) -> LabelMap:
    """Not labelled yet becomes void, for formats that have one id for both."""
    return np.where(labels == UNLABELLED, np.uint8(VOID), labels)
