"""A folder of images and a folder of masks with equal names: nothing is lost.

Idea: images/<id>.png, masks/<id>.png (palette PNG of class ids, 254 not labelled, 255 void), classes.json with names and colours,
    splits.csv with every image's split. Ids keep their folders.
Limits: an image that nobody labelled has no mask. Read by: ingest.format folders, and any tool that takes folders.
"""

from collections.abc import Iterator
from csv import writer
from json import dumps
from pathlib import Path
from typing import Literal

from segmend.images.dataset import Card
from segmend.images.rasters import write_labels
from tasks.export.formats._base import ExportFormat, Item, save_png


class Folders(ExportFormat):
    name: Literal["folders"] = "folders"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        names = {"classes": list(card.classes), "colours": [list(colour) for colour in card.colours]}
        (out / "classes.json").write_text(dumps(names, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        with (out / "splits.csv").open("w", newline="", encoding="utf-8") as file:
            rows = writer(file, lineterminator="\n")
            rows.writerow(("id", "split"))
            for item in items:
                rows.writerow((item.sample.id, item.sample.split))
                if images:
                    save_png(out / "images" / f"{item.sample.id}.png", item.image)
                if item.labels is not None:
                    write_labels(out / "masks" / f"{item.sample.id}.png", item.labels, card.palette)
