"""A Hugging Face image folder: <split>/metadata.jsonl names image and mask, id2label.json the classes.

Source: https://huggingface.co/docs/datasets/image_dataset (columns ending in `_file_name` are loaded as images)
Idea: `datasets.load_dataset("imagefolder", data_dir=...)` gives columns image, mask and id; masks are grey PNG of class ids,
    254 not labelled yet, 255 void.
Limits: an image that nobody labelled has the mask null. Splits are the folders' names: train, validation, test.
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any, Literal

from segmend.images.dataset import Card
from tasks.export.formats._base import ExportFormat, Item, save_png

FOLDERS = {"train": "train", "val": "validation", "test": "test"}


class Huggingface(ExportFormat):
    name: Literal["huggingface"] = "huggingface"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        names = {str(k): name for k, name in enumerate(card.classes)}
        (out / "id2label.json").write_text(dumps(names, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        rows: dict[str, list[dict[str, Any]]] = {}
        for item in items:
            folder, name = FOLDERS[item.sample.split], item.sample.id
            mask = None if item.labels is None else f"masks/{name}.png"
            rows.setdefault(folder, []).append({"file_name": f"images/{name}.png", "mask_file_name": mask, "id": name})
            if images:
                save_png(out / folder / "images" / f"{name}.png", item.image)
            if item.labels is not None:
                save_png(out / folder / "masks" / f"{name}.png", item.labels)
        for folder, lines in rows.items():
            (out / folder).mkdir(exist_ok=True)
            text = "".join(dumps(line, ensure_ascii=False) + "\n" for line in lines)
            (out / folder / "metadata.jsonl").write_text(text, encoding="utf-8")
