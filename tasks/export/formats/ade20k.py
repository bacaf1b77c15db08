"""ADE20K (scene parsing benchmark): images/ and annotations/, each with training and validation.

Source: http://sceneparsing.csail.mit.edu (ADEChallengeData2016)
Idea: annotations are grey PNG of class id + 1; 0 is void. train goes to training, val to validation, test to testing;
    classes.json names the ids, which ingest.format ade20k reads.
Limits: "not labelled yet" becomes void; 254 classes at most, which is every data set of this project.
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from segmend.images.dataset import Card
from segmend.images.rasters import UNLABELLED
from tasks.export.formats._base import VOID_ONLY, ExportFormat, Item, save_png

FOLDERS = {"train": "training", "val": "validation", "test": "testing"}


class Ade20k(ExportFormat):
    name: Literal["ade20k"] = "ade20k"
    becomes: ClassVar[dict[int, str]] = VOID_ONLY

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        names = {str(k + 1): name for k, name in enumerate(card.classes)}
        content = {"classes": names, "colours": [list(colour) for colour in card.colours], "void": [0]}
        (out / "classes.json").write_text(dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for item in items:
            folder = FOLDERS[item.sample.split]
            if images:
                save_png(out / "images" / folder / f"{item.sample.id}.png", item.image)
            if item.labels is not None:
                shifted = np.where(item.labels < UNLABELLED, item.labels + np.uint8(1), np.uint8(0))
                save_png(out / "annotations" / folder / f"{item.sample.id}.png", shifted)
