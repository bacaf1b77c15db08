"""COCO panoptic: one PNG an image whose colours are segment ids, and a JSON file that says which class each segment is.

Source: https://cocodataset.org/#format-data (panoptic): id = R + 256 G + 65536 B, 0 is void.
Idea: panoptic_<split>/<id>.png with panoptic_<split>.json; a segment per object, or per class of an image where no objects are known.
Limits: "not labelled yet" becomes void.
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from segmend.images.dataset import SPLITS, Card
from segmend.images.rasters import NO_REGION, UNLABELLED
from tasks.export.formats._base import VOID_ONLY, ExportFormat, Item, save_png


class CocoPanoptic(ExportFormat):
    name: Literal["coco_panoptic"] = "coco_panoptic"
    becomes: ClassVar[dict[int, str]] = VOID_ONLY

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        files: dict[str, dict[str, list[Any]]] = {split: {"images": [], "annotations": []} for split in SPLITS}
        for number, item in enumerate(items, 1):
            split, file = item.sample.split, f"{item.sample.id}.png"
            size = {"height": item.sample.height, "width": item.sample.width}
            files[split]["images"].append({"id": number, "file_name": file, **size})
            if images:
                save_png(out / "images" / file, item.image)
            if item.labels is None:
                continue
            segments, infos = segmented(item)
            colours = np.stack([segments % 256, segments // 256 % 256, segments // 65536], axis=-1).astype(np.uint8)
            save_png(out / "annotations" / f"panoptic_{split}" / file, colours)
            files[split]["annotations"].append({"image_id": number, "file_name": file, "segments_info": infos})
        categories = [
            {"id": k + 1, "name": name, "supercategory": "", "isthing": 0, "color": list(colour)}
            for k, (name, colour) in enumerate(zip(card.classes, card.colours, strict=True))
        ]
        (out / "annotations").mkdir(parents=True, exist_ok=True)
        for split, content in files.items():
            if content["images"]:
                text = dumps(
                    {"info": {"description": card.name}, **content, "categories": categories}, ensure_ascii=False
                )
                (out / "annotations" / f"panoptic_{split}.json").write_text(text + "\n", encoding="utf-8")


def segmented(item: Item) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Segment ids from 1, int64 (h, w), 0 where nothing is labelled; and what each segment is."""
    assert item.labels is not None
    objects = np.full(item.labels.shape, NO_REGION, np.int32) if item.objects is None else item.objects
    keys = np.where(item.labels < UNLABELLED, (objects.astype(np.int64) + 1) * 256 + item.labels, -1)
    names, segments = np.unique(keys, return_inverse=True)
    segments = segments.reshape(keys.shape) + (0 if names[0] == -1 else 1)
    infos = []
    for number in range(1, int(segments.max(initial=0)) + 1):
        rows, columns = np.nonzero(segments == number)
        left, top = int(columns.min()), int(rows.min())
        box = [left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1]
        category = int(item.labels[rows[0], columns[0]]) + 1
        infos.append({"id": number, "category_id": category, "area": len(rows), "bbox": box, "iscrowd": 0})
    return segments, infos
