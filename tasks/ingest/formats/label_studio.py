"""Label Studio: the JSON or JSON-MIN export beside the images; brush, polygons, rectangles and ellipses.

Source: https://labelstud.io/guide/export and the tags BrushLabels, PolygonLabels, RectangleLabels, EllipseLabels.
Idea: one or more JSON files at the top, images anywhere below under the names of the export, with or without the eight signs
that an upload puts in front. Brush: RGBA run lengths, of which alpha above 0 is drawn (segmend/images/brush.py). Outlines are percent of the
image's sides; polygons and rectangles are drawn by pycocotools, ellipses by pixel centres.
Overlaps: `order`; by default later over earlier, as Label Studio shows them.
Annotators: where a task has several annotations, everybody's are kept as one annotator's masks (ground truth as gold).
Classes: the labels found, sorted, or ingest.classes without the background; background first.
EXIF: outlines lie on what the browser showed, whose size the export gives (original_width, original_height).
Limits: key points and other results without an area are not drawn, predictions of models and cancelled annotations are not
read; all are counted in the notes. A task without annotations is an image without a mask; an empty one is all background.
"""

from collections import Counter
from functools import partial
from math import radians
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from segmend.images.brush import cover_brush
from segmend.stage.params import Method
from tasks.ingest.formats._json_parts import object_of
from tasks.ingest.formats._label_studio import KINDS, Task, find_image, is_export, tasks_of
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.formats._shapes import (
    Order,
    Shape,
    cover_ellipse,
    drawn_on,
    polygon_shape,
    rotated,
    split_in,
    with_background,
    without_area,
)
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.source import (
    Annotation,
    Hints,
    Problem,
    Record,
    Source,
    Unused,
    class_ids,
    identifier,
    not_laid_out,
    relative,
)


class LabelStudio(Method):
    name: Literal["label_studio"] = "label_studio"
    order: Order = Field("later_over_earlier", description="which of two overlapping regions is seen")

    @staticmethod
    def sees(raw: Path) -> str:
        files = files_of(raw)
        return f"it has tasks of Label Studio: {relative(files[0], raw)}" if files else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files = files_of(raw)
        if not files:
            raise not_laid_out(raw, self.name, "its export JSON or JSON-MIN is expected beside the images")
        tasks = [(path, task) for path in files for task in tasks_of(path)]
        labels_used = {
            label_of(result) for _, task in tasks for results in task.annotations.values() for result in results
        }
        names = tuple(hints.classes) or tuple(sorted(labels_used - {""}))
        classes, index, base = with_background(names, Hints(), "Label Studio's labels")
        images, kinds = NamedImages(raw), Counter[tuple[str, str]]()
        several = any(len(task.annotations) > 1 for _, task in tasks)
        records: dict[Path, Record] = {}
        problems: list[Problem] = []
        for json, task in tasks:
            file = relative(json, raw)
            try:
                path = find_image(images, task.image)
            except ValueError as trouble:
                problems.append(Problem("", file, f"task {task.id} is about {task.image or 'no image'}, {trouble}"))
                continue
            name = identifier(path, raw)
            if path in records:
                problems.append(
                    Problem(name, file, f"task {task.id}: another task is about {task.image} too: remove one")
                )
                continue
            if task.doubled:
                reason = (
                    f"task {task.id} has two annotations by {task.doubled}: delete one in Label Studio and export again"
                )
                problems.append(Problem(name, file, reason))
            masks = {}
            for who, results in task.annotations.items():
                shapes, size, wrong = shapes_of(results, index, kinds)
                problems += [Problem(name, file, f"task {task.id}: {text}") for text in wrong]
                masks[who] = partial(drawn_on, path, shapes, size, base, self.order, "size")
            about = f"annotations of {relative(path, raw)}"
            record = Record(
                name, split_in(path.relative_to(raw).parts[:-1]), partial(read_picture, path, hints.image_range),
                file=relative(path, raw), mask_file=about if masks else "",
            )  # fmt: skip
            if several:
                given = tuple(Annotation(who, mask, about) for who, mask in sorted(masks.items()))
                records[path] = record._replace(annotations=given, mask_file="")
            else:
                records[path] = record._replace(mask=next(iter(masks.values()), None))
        notes = [
            f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {classes[base]}",
            *without_area(kinds),
        ]
        notes += counted([task for _, task in tasks], several)
        reasons = [Unused(relative(path, raw), "no task is about it") for path in images.every if path not in records]
        return Source(
            classes, class_ids(classes, (), "label_studio"), [records[path] for path in sorted(records)], (),
            tuple(problems), tuple(notes), used=frozenset(relative(path, raw) for path in files), unused=tuple(reasons),
        )  # fmt: skip


def files_of(raw: Path) -> list[Path]:
    return [path for path in sorted(raw.glob("*.json")) if is_export(path)]


def counted(tasks: list[Task], several: bool) -> list[str]:
    """Sentences on who labelled, and on what was left out."""
    notes = []
    if several:
        who = sorted({name for task in tasks for name in task.annotations})
        notes.append(f"annotations of {len(who)} annotators: {', '.join(who)}")
    cancelled = sum(task.cancelled for task in tasks)
    if cancelled:
        notes.append(f"{cancelled} cancelled annotations are not read")
    return notes


def label_of(result: dict[str, Any]) -> str:
    """The class of a result; '' where it has none or several."""
    value = object_of(result, "value")
    labels: list[Any] = next((value[kind] for kind in KINDS if isinstance(value.get(kind), list)), [])
    return str(labels[0]) if len(labels) == 1 else ""


def shapes_of(
    results: list[dict[str, Any]], index: dict[str, int], kinds: Counter[tuple[str, str]]
) -> tuple[tuple[Shape, ...], tuple[int, int] | None, list[str]]:
    """The regions of one annotation, the (height, width) they were drawn on, and what is wrong with them."""
    shapes, wrong = [], []
    sizes: set[tuple[int, int]] = set()
    named = {str(result.get("id")): label_of(result) for result in results if label_of(result)}
    for number, result in enumerate(results, 1):
        value = object_of(result, "value")
        label = label_of(result) or named.get(str(result.get("id")), "")
        name = f"region {result.get('id', number)} ({label})"
        if not {"rle", "points", "radiusX", "rotation", "width"} & set(value) or "keypointlabels" in value:
            if "x" in value or "y" in value:
                kinds[str(result.get("type", "key point")), label] += 1
            continue
        if label not in index:
            why = "it has no label or several" if not label else "ingest.classes does not have this label"
            wrong.append(f"{name}: {why}: give it one, or remove it")
            continue
        try:
            size = (int(result["original_height"]), int(result["original_width"]))
            sizes.add(size)
            shapes.append(shape_of(value, index[label], name, *size))
        except (KeyError, OverflowError, TypeError, ValueError) as trouble:
            wrong.append(f"{name}: it cannot be read ({trouble}): export it again")
    if len(sizes) > 1:
        wrong.append(f"its regions were drawn on images of {len(sizes)} sizes: draw them again")
    return tuple(shapes), next(iter(sizes), None), wrong


def shape_of(value: dict[str, Any], label: int, name: str, height: int, width: int) -> Shape:
    if "rle" in value:
        return Shape(label, partial(cover_brush, bytes(value["rle"]), height, width), name)
    if "points" in value:
        flat = [float(part) / 100 * side for x, y in value["points"] for part, side in ((x, width), (y, height))]
        return polygon_shape(label, [flat], name)
    x, y = float(value["x"]) / 100 * width, float(value["y"]) / 100 * height
    turn = radians(float(value.get("rotation") or 0))
    if "radiusX" in value:
        rx, ry = float(value["radiusX"]) / 100 * width, float(value["radiusY"]) / 100 * height
        return Shape(label, partial(cover_ellipse, x, y, rx, ry, turn), name)
    right, down = float(value["width"]) / 100 * width, float(value["height"]) / 100 * height
    corners = [(x, y), (x + right, y), (x + right, y + down), (x, y + down)]
    flat = [part for corner in corners for part in rotated(*corner, x, y, turn)]  # around the first
    shape = polygon_shape(label, [flat], name)
    return shape._replace(extent=None) if turn else shape
