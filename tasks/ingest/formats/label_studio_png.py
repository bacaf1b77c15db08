"""Label Studio's brush export as PNG or NumPy: a black-and-white file a brush stroke, named after task, person and label.

Source: label_studio_sdk/converter/brush.py: task-<id>-annotation-<id>-by-<person>-<control>-<label>-<number>.png (or .npy).
Idea: what is not 0 in a file is the label. The names say which task, and not which image: the last number in an image's name
must be the task's, for every task and one image only; or tasks.csv says it, with the columns task and image.
Overlaps: `order`; files of one annotation in the order of label and number, by default smaller over larger, since the export
has lost who was drawn first.
Annotators: where a task has several annotations, everybody's are kept as one annotator's masks.
Classes: the labels found, sorted, or ingest.classes without the background; background first.
Limits: the JSON export of the same project says which image is whose and is read by label_studio: better where there is a choice.
"""

from csv import Error as CsvError
from functools import partial
from pathlib import Path
from re import compile as compiled
from re import findall
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.formats._named_images import NamedImages
from tasks.ingest.formats._shapes import Order, Shape, drawn_on, split_in, with_background
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.source import Annotation, Hints, Problem, Record, Source, class_ids, identifier, relative
from tasks.ingest.reading.text_files import read_table

TABLE = "tasks.csv"
NAME = compiled(
    r"task-(?P<task>\d+)-annotation-(?P<annotation>\d+)(?:-by-(?P<who>[^-]*))?-(?P<rest>.+)-(?P<number>\d+)\.(png|npy)"
)


class Stroke(NamedTuple):
    """One file and what its name says."""

    path: Path
    task: int
    annotation: int
    who: str
    label: str


class LabelStudioPng(Method):
    name: Literal["label_studio_png"] = "label_studio_png"
    order: Order = Field("smaller_over_larger", description="which of two overlapping regions is seen")

    @staticmethod
    def sees(raw: Path) -> str:
        example = next((path for path in pictures_in(raw) if NAME.fullmatch(path.name)), None)
        return f"it has masks of Label Studio's brush: {relative(example, raw)}" if example else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        strokes = strokes_of(raw)
        if not strokes:
            raise ValueError(
                f"{raw} is not laid out as label_studio_png: files task-<id>-annotation-<id>-...png are expected"
            )
        names = tuple(hints.classes) or tuple(sorted({stroke.label for stroke in strokes}))
        classes, index, base = with_background(names, Hints(), "Label Studio's labels")
        masks = {stroke.path for stroke in strokes}
        images = [path for path in pictures_in(raw) if path not in masks]
        by_task: dict[int, list[Stroke]] = {}
        for stroke in strokes:
            by_task.setdefault(stroke.task, []).append(stroke)
        where, note = image_of_tasks(raw, sorted(by_task), images)
        task_of = {path: task for task, path in where.items()}
        several = any(len({stroke.annotation for stroke in group}) > 1 for group in by_task.values())
        records, problems = [], []
        for path in images:
            group = by_task.get(task_of.get(path, -1), [])
            name = identifier(path, raw)
            given: dict[str, list[Shape]] = {}
            for stroke in group:
                if stroke.label not in index:
                    reason = f"its label '{stroke.label}' is none of ingest.classes: add it, or remove the file"
                    problems.append(Problem(name, relative(stroke.path, raw), reason))
                    continue
                shape = Shape(index[stroke.label], partial(cover_stroke, stroke.path), stroke.path.name)
                given.setdefault(stroke.who, []).append(shape)
            pixels = {
                who: partial(drawn_on, path, tuple(shapes), None, base, self.order, "upright")
                for who, shapes in given.items()
            }
            record = Record(
                name, split_in(path.relative_to(raw).parts[:-1]), partial(read_picture, path, hints.image_range),
                file=relative(path, raw), mask_file=relative(group[0].path, raw) if group and not several else "",
            )  # fmt: skip
            if several:
                who_first = {stroke.who: relative(stroke.path, raw) for stroke in reversed(group)}
                annotations = tuple(Annotation(who, pixels[who], who_first[who]) for who in sorted(pixels))
                records.append(record._replace(annotations=annotations))
            else:
                records.append(record._replace(mask=next(iter(pixels.values()), None)))
        notes = (f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {classes[base]}", note)
        return Source(
            classes, class_ids(classes, (), "label_studio_png"), records, (), tuple(problems), notes,
            used=frozenset(relative(path, raw) for path in (*masks, *tables_of(raw))),
        )  # fmt: skip


def strokes_of(raw: Path) -> list[Stroke]:
    """All files with Label Studio's names. The control's name is what stands before the first hyphen."""
    strokes = []
    for path in pictures_in(raw):
        parts = NAME.fullmatch(path.name)
        if parts:
            label = parts["rest"].partition("-")[2] or parts["rest"]
            who = f"user{parts['who']}" if (parts["who"] or "0").isdigit() else parts["who"]
            strokes.append(Stroke(path, int(parts["task"]), int(parts["annotation"]), who, label))
    return sorted(strokes, key=lambda stroke: (stroke.task, stroke.annotation, stroke.label, stroke.path.name))


def image_of_tasks(raw: Path, tasks: list[int], images: list[Path]) -> tuple[dict[int, Path], str]:
    """task -> image, and how it is known. Raises ValueError where names do not tell, and no table does."""
    for table in tables_of(raw):
        return from_table(raw, table, tasks)
    numbers: dict[int, list[Path]] = {}
    for path in images:
        last = findall(r"\d+", path.stem)
        if last:
            numbers.setdefault(int(last[-1]), []).append(path)
    unclear = [task for task in tasks if len(numbers.get(task, [])) != 1]
    if unclear:
        raise ValueError(
            f"{raw}: the export does not say which image task {unclear[0]} is about, and {len(numbers.get(unclear[0], []))} of "
            f"{len(images)} image names end with that number: put the project's JSON export beside the images (it is read alone "
            f"then), or add {TABLE} with the columns task and image"
        )
    first = relative(numbers[tasks[0]][0], raw)
    return {task: numbers[task][0] for task in tasks}, (
        f"warning: tasks are matched to images by the last number in their names (task {tasks[0]} is {first}); the PNG export "
        f"does not say it: check, or put the JSON export beside the images, or add {TABLE} (columns task, image)"
    )


def tables_of(raw: Path) -> list[Path]:
    """tasks.csv, wherever it lies; the first of several."""
    return sorted(raw.rglob(TABLE))[:1]


def from_table(raw: Path, table: Path, tasks: list[int]) -> tuple[dict[int, Path], str]:
    files, image_of = NamedImages(raw), {}
    try:
        rows = list(read_table(table))
    except CsvError as trouble:
        raise ValueError(f"{table} is not CSV: {trouble}") from None
    for number, row in enumerate(rows, 2):
        task, name = (row.get("task") or "").strip(), (row.get("image") or "").strip()
        if not task.isdigit() or not name:
            raise ValueError(f"{table}, line {number}: a number in the column task and a name in image are needed")
        try:
            image_of[int(task)] = files.find(name, (table.parent, raw))
        except ValueError as trouble:
            raise ValueError(f"{table}, line {number}: it lists {name}, {trouble}") from None
    missing = [task for task in tasks if task not in image_of]
    if missing:
        raise ValueError(f"{table} does not say which image task {missing[0]} is about: add a line")
    if len(set(image_of.values())) < len(image_of):
        raise ValueError(f"{table} names an image for two tasks: every task has its own")
    return image_of, f"images of the tasks named by {TABLE}"


def cover_stroke(path: Path, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    inside = read_ids(path) != 0
    if inside.shape != (height, width):
        raise ValueError(
            f"it is {inside.shape[0]} x {inside.shape[1]} pixels and its image {height} x {width}: export it again"
        )
    return inside
