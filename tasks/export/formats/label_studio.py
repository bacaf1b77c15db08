"""Label Studio: tasks.json with the labels as predictions (pre-annotations), label_config.xml, images/.

Source: https://labelstud.io/guide/predictions and the tag BrushLabels; run lengths as its converter packs them (segmend/images/brush.py).
Idea: a brush stroke per object, or per class of an image where no objects are known; people open the task with the strokes there, correct
    and submit. Images are named as local files (/data/local-files/?d=images/<id>.png): start Label Studio with
    LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=DIR, and add DIR/images as local storage.
Limits: void pixels and pixels not labelled yet have no stroke: what people submit comes back there as background. The splits are in
    splits.csv. Read by: ingest.format label_studio, of what people submitted (predictions are no annotations).
"""

from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, Literal
from xml.sax.saxutils import quoteattr

from segmend.images.brush import packed_brush
from segmend.images.dataset import Card
from segmend.images.rasters import UNLABELLED, VOID
from tasks.export.formats._base import BACKGROUND, ExportFormat, Item, SplitsFile, pieces, save_png

LOCAL = "/data/local-files/?d="


class LabelStudio(ExportFormat):
    name: Literal["label_studio"] = "label_studio"
    becomes: ClassVar[dict[int, str]] = dict.fromkeys((VOID, UNLABELLED), BACKGROUND)

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        (out / "label_config.xml").write_text(label_config(card), encoding="utf-8")
        with (out / "tasks.json").open("w", encoding="utf-8") as file, SplitsFile(out) as splits:
            file.write("[")
            for number, item in enumerate(items):
                splits.add(item)
                name = f"images/{item.sample.id}.png"
                if images:
                    save_png(out / name, item.image)
                task: dict[str, Any] = {"data": {"image": LOCAL + name, "id": item.sample.id}}
                strokes = [
                    brush_stroke(f"{k:04d}", mask, card.classes[label]) for k, (label, mask) in enumerate(pieces(item))
                ]
                if item.labels is not None:
                    task["predictions"] = [{"model_version": "segmend", "result": strokes}]
                file.write(("," if number else "") + "\n" + dumps(task, ensure_ascii=False))
            file.write("\n]\n")


def label_config(card: Card, more: str = "") -> str:
    """The labelling interface: a brush a class in the classes' colours; `more` is put below the image."""
    labels = "".join(
        f'\n    <Label value={quoteattr(name)} background="#{r:02x}{g:02x}{b:02x}"/>'
        for name, (r, g, b) in zip(card.classes, card.colours, strict=True)
    )
    return (
        f'<View>\n  <Image name="image" value="$image" zoom="true" zoomControl="true"/>\n'
        f'  <BrushLabels name="labels" toName="image">{labels}\n  </BrushLabels>{more}\n</View>\n'
    )


def brush_stroke(key: str, mask: Any, label: str) -> dict[str, Any]:
    """A region of Label Studio: bool (h, w) with one label."""
    height, width = mask.shape
    return {
        "id": key,
        "type": "brushlabels",
        "from_name": "labels",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": packed_brush(mask), "brushlabels": [label]},
    }
