"""Cityscapes: leftImg8bit/<split>/<city>/*_leftImg8bit.png and gtFine/<split>/<city>/*_gtFine_labelIds.png.

Source: https://www.cityscapes-dataset.com, ids as in cityscapesscripts/helpers/labels.py (mcordts/cityscapesScripts @4b832633).
Idea: 19 classes; the 34 label ids are mapped to them and everything else is void; masks of train ids are taken as they are.
Own classes in this layout: classes.json, classes.txt or a palette file, whose ids are those in the masks.
Splits: train and val; the official val becomes test (field val_is), since the test masks are not public and hold no classes.
Limits: an image without its mask is an error, as the set is published complete; test is left out, which is said.
"""

from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.reading.class_names import Naming, naming
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.source import (
    Hints,
    Problem,
    Record,
    Source,
    Unused,
    class_ids,
    holds,
    relative,
    renamed,
    truth_of,
)
from tasks.ingest.reading.splits import val_as

CLASSES = {  # name: (label id, colour), in the order of the train ids
    "road": (7, (128, 64, 128)), "sidewalk": (8, (244, 35, 232)), "building": (11, (70, 70, 70)),
    "wall": (12, (102, 102, 156)), "fence": (13, (190, 153, 153)), "pole": (17, (153, 153, 153)),
    "traffic light": (19, (250, 170, 30)), "traffic sign": (20, (220, 220, 0)), "vegetation": (21, (107, 142, 35)),
    "terrain": (22, (152, 251, 152)), "sky": (23, (70, 130, 180)), "person": (24, (220, 20, 60)), "rider": (25, (255, 0, 0)),
    "car": (26, (0, 0, 142)), "truck": (27, (0, 0, 70)), "bus": (28, (0, 60, 100)), "train": (31, (0, 80, 100)),
    "motorcycle": (32, (0, 0, 230)), "bicycle": (33, (119, 11, 32)),
}  # fmt: skip
LABEL_IDS = 34
IMAGE_END = "_leftImg8bit"


class Cityscapes(Method):
    name: Literal["cityscapes"] = "cityscapes"
    masks: str = Field("gtFine", description="folder of the masks, as gtCoarse")
    ids: Literal["auto", "labelIds", "labelTrainIds"] = Field(
        "auto", description="which masks; auto: labelIds if there are any"
    )
    val_is: Literal["test", "val"] = Field("test", description="what the official val is")

    @staticmethod
    def sees(raw: Path) -> str:
        return "it has a folder leftImg8bit" if holds(raw, "leftImg8bit") else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        if not holds(raw, "leftImg8bit", self.masks):
            raise ValueError(
                f"{raw} is not laid out as cityscapes: the folders leftImg8bit and {self.masks} are expected"
            )
        masks = raw / self.masks
        kind = self.ids
        if kind == "auto":
            kind = "labelIds" if next(masks.rglob("*_labelIds.png"), None) else "labelTrainIds"
        named = self.named(raw, hints, kind)
        records, problems = [], []
        notes = [f"masks read: {self.masks}/**/*_{kind}.png"]
        left_out = []
        if named.files:
            notes.append(f"classes and their ids named by {named.where}")
        for image in pictures_in(raw / "leftImg8bit"):
            split, *city = image.parent.relative_to(raw / "leftImg8bit").parts or ("",)
            if split not in ("train", "val"):
                left_out.append(relative(image, raw))
                continue
            stem = image.stem.removesuffix(IMAGE_END)
            mask = masks / split / Path(*city) / f"{stem}_{self.masks}_{kind}.png"
            if not mask.is_file():
                problems.append(
                    Problem(
                        "/".join((*city, stem)), relative(mask, raw), "the mask is missing: add it or remove its image"
                    )
                )
            truth = truth_of(raw, masks, mask)
            records.append(
                Record(
                    "/".join((*city, stem)),
                    split,
                    partial(read_picture, image, hints.image_range),
                    partial(read_ids, mask, named.palette, image) if mask.is_file() else None,
                    partial(read_ids, truth, named.palette, image) if truth else None,
                    relative(image, raw),
                    relative(mask, raw),
                    relative(truth, raw) if truth else "",
                )  # fmt: skip
            )
        if left_out:
            notes.append(f"{len(left_out)} images outside train and val are left out: their masks are not public")
        records, more = val_as(records, self.val_is)
        reasons = [Unused(name, "images outside train and val are left out") for name in left_out]
        reasons.append(Unused(f"{self.masks}/", f"of the masks, those whose names end in _{kind}.png are read"))
        return Source(
            named.classes, named.ids, records, named.colours, tuple(problems), (*notes, *more),
            used=frozenset(named.files), unused=tuple(reasons), reads=f"leftImg8bit/ and {self.masks}/ are read",
        )  # fmt: skip

    def named(self, raw: Path, hints: Hints, kind: str) -> Naming:
        own = naming(raw, hints._replace(classes=()))
        if own.classes:
            return own._replace(classes=renamed(own.classes, hints, own.where))
        names = renamed(tuple(CLASSES), hints, "Cityscapes")
        table = class_ids(names, (), "Cityscapes")
        if kind == "labelIds":
            table = dict.fromkeys((*range(LABEL_IDS), VOID), VOID)
            table |= {label: k for k, (label, _) in enumerate(CLASSES.values())}
        return Naming(names, table, tuple(colour for _, colour in CLASSES.values()), None, "Cityscapes")
