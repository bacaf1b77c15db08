"""COCO: annotations as run lengths, one per object, or one per class of an image where no objects are known.

Source: https://cocodataset.org/#format-data; run lengths by pycocotools, COCO's own code.
Idea: annotations/stuff_<split>.json with every class as a category (id from 1), images/<id>.png. Every labelled pixel is covered by
    exactly one annotation, so the order of drawing does not matter; what none covers is void.
Limits: "not labelled yet" becomes void; an image without labels has no annotation, which ingest reads as all void (coco.empty).
Costs: the JSON of one split in memory.
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from segmend.images.dataset import SPLITS, Card
from tasks.export.formats._base import VOID_ONLY, ExportFormat, Item, pieces, save_png


class Coco(ExportFormat):
    name: Literal["coco"] = "coco"
    becomes: ClassVar[dict[int, str]] = VOID_ONLY
    bare_is_unlabelled: ClassVar[bool] = True

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        files: dict[str, dict[str, list[Any]]] = {split: {"images": [], "annotations": []} for split in SPLITS}
        for number, item in enumerate(items, 1):
            content = files[item.sample.split]
            file = f"{item.sample.id}.png"
            size = {"height": item.sample.height, "width": item.sample.width}
            content["images"].append({"id": number, "file_name": file, **size})
            if images:
                save_png(out / "images" / file, item.image)
            for category, mask in pieces(item):
                first = len(content["annotations"]) + 1
                content["annotations"].append(annotation(first, number, category, mask))
        categories = [{"id": k + 1, "name": name, "supercategory": ""} for k, name in enumerate(card.classes)]
        (out / "annotations").mkdir(parents=True, exist_ok=True)
        for split, content in files.items():
            if content["images"]:
                text = dumps(
                    {"info": {"description": card.name}, **content, "categories": categories}, ensure_ascii=False
                )
                (out / "annotations" / f"stuff_{split}.json").write_text(text + "\n", encoding="utf-8")


def annotation(number: int, image: int, category: int, mask: np.ndarray) -> dict[str, Any]:
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask, np.uint8))
    return {
        "id": number,
        "image_id": image,
        "category_id": category + 1,
        "segmentation": {"size": list(code["size"]), "counts": code["counts"].decode("ascii")},
        "area": int(mask.sum()),
        "bbox": [float(side) for side in coco.toBbox(code)],
        "iscrowd": 0,
    }
