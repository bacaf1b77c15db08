"""PASCAL VOC: JPEGImages, SegmentationClass, and the lists of ImageSets/Segmentation.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/; labelmap.txt as CVAT and labelme write it, for names and colours.
Idea: masks are palette PNG of class ids, 255 void; images are JPEG, as the development kit and torchvision's reader expect.
Limits: labels keep every pixel but "not labelled yet", which becomes void; images are compressed (quality 95).
Differs: ids with folders (city/0001) keep them; the development kit has no folders.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from PIL import Image

from segmend.images.dataset import SPLITS, Card
from segmend.images.rasters import write_labels
from tasks.export.formats._base import VOID_ONLY, ExportFormat, Item, without_unlabelled

LISTS = "ImageSets/Segmentation"


class Voc(ExportFormat):
    name: Literal["voc"] = "voc"
    becomes: ClassVar[dict[int, str]] = VOID_ONLY
    image_loss: ClassVar[str] = "images become JPEG of quality 95"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        colours = zip(card.classes, card.colours, strict=True)
        lines = ["# label:color_rgb:parts:actions", *(f"{name}:{r},{g},{b}::" for name, (r, g, b) in colours)]
        (out / "labelmap.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        lists: dict[str, list[str]] = {split: [] for split in SPLITS}
        for item in items:
            lists[item.sample.split].append(item.sample.id)
            if images:
                path = out / "JPEGImages" / f"{item.sample.id}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(item.image).save(path, quality=95)
            if item.labels is not None:
                mask = without_unlabelled(item.labels)
                write_labels(out / "SegmentationClass" / f"{item.sample.id}.png", mask, card.palette)
        (out / LISTS).mkdir(parents=True, exist_ok=True)
        for split, names in lists.items():
            if names:
                (out / LISTS / f"{split}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
