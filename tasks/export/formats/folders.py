"""A folder of images and a folder of masks with equal names: nothing is lost.

Idea: images/<id>.png, masks/<id>.png (palette PNG of class ids, 254 not labelled, 255 void), classes.json with names and colours,
    splits.csv with every image's split. Ids keep their folders.
Limits: an image that nobody labelled has no mask. Read by: ingest.format folders, and any tool that takes folders.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from segmend.images.dataset import Card
from segmend.images.rasters import write_labels
from tasks.export.formats._base import ExportFormat, Item, SplitsFile, save_png, write_class_names


class Folders(ExportFormat):
    name: Literal["folders"] = "folders"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        write_class_names(out, card)
        with SplitsFile(out) as splits:
            for item in items:
                splits.add(item)
                if images:
                    save_png(out / "images" / f"{item.sample.id}.png", item.image)
                if item.labels is not None:
                    write_labels(out / "masks" / f"{item.sample.id}.png", item.labels, card.palette)
