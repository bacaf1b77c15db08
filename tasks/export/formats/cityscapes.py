"""Cityscapes: leftImg8bit/<split>/<city>/*_leftImg8bit.png and gtFine/<split>/<city>/*_gtFine_labelTrainIds.png.

Source: https://www.cityscapes-dataset.com, ids as in cityscapesscripts/helpers/labels.py (mcordts/cityscapesScripts @4b832633).
Idea: masks of train ids (class id, 255 void), and for data whose classes are Cityscapes' own 19 also masks of label ids, which its
    evaluation reads. The city is the id's first folder, or `none`.
Limits: "not labelled yet" becomes void; the label id of void is 0 (unlabeled). classes.json names other classes.
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np

from segmend.images.dataset import Card
from tasks.export.formats._base import VOID_ONLY, ExportFormat, Item, save_png, without_unlabelled

LABEL_IDS = {
    "road": 7, "sidewalk": 8, "building": 11, "wall": 12, "fence": 13, "pole": 17, "traffic light": 19, "traffic sign": 20,
    "vegetation": 21, "terrain": 22, "sky": 23, "person": 24, "rider": 25, "car": 26, "truck": 27, "bus": 28, "train": 31,
    "motorcycle": 32, "bicycle": 33,
}  # fmt: skip


class Cityscapes(ExportFormat):
    name: Literal["cityscapes"] = "cityscapes"
    becomes: ClassVar[dict[int, str]] = VOID_ONLY

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        official = card.classes == tuple(LABEL_IDS)
        table = np.zeros(256, np.uint8)
        if official:
            table[: len(LABEL_IDS)] = list(LABEL_IDS.values())
        else:
            names = {"classes": list(card.classes), "colours": [list(colour) for colour in card.colours]}
            (out / "classes.json").write_text(dumps(names, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for item in items:
            name = PurePosixPath(item.sample.id)
            city = name.parent if name.parent.parts else PurePosixPath("none")
            stem = f"{item.sample.split}/{city}/{name.name}"
            if images:
                save_png(out / "leftImg8bit" / f"{stem}_leftImg8bit.png", item.image)
            if item.labels is None:
                continue
            mask = without_unlabelled(item.labels)
            save_png(out / "gtFine" / f"{stem}_gtFine_labelTrainIds.png", mask)
            if official:
                save_png(out / "gtFine" / f"{stem}_gtFine_labelIds.png", table[mask])
