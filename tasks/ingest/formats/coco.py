"""COCO: instances and stuff in JSON files, drawn as one label map with a declared order of overlaps.

Source: https://cocodataset.org/#format-data; drawn by pycocotools, COCO's own code.
Idea: annotations/instances_<split>*.json and stuff_<split>*.json, or any COCO JSON, as labelling tools export it: a file whose
name or folder has the word train, val or test is that split. Polygons, run lengths, compressed run lengths, crowds.
Overlaps: `order`; by default smaller objects lie over larger ones, by the pixels they cover, listing order at ties.
Uncovered pixels: class 'background' where only objects are annotated, void where stuff is annotated too (field background).
Images without any annotation: field empty; background by default, with a warning that names them.
Ids: classes in the order of category ids; ids may be numbers or text. The stuff category 'other' (all things in one) is not
drawn where the things themselves are known, nor is a parent class that has no annotations (Roboflow).
EXIF: where it turns an image, the outlines' extent and the declared size tell what they were drawn on, else ingest.masks_drawn_on.
Splits: by file; the official val becomes test where there is no test (field val_is).
Limits: captions, keypoints and panoptic files are not read, which is said. Costs: the JSON files in memory.
"""

from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.formats._coco_files import all_categories, content_of, gathered, key_of, listed
from tasks.ingest.formats._shapes import Order, Shape, cover_run_lengths, drawn_on, polygon_shape
from tasks.ingest.formats._unannotated import DESCRIPTION, Unannotated, settled
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.source import Hints, Problem, Record, Source, Unused, class_ids, identifier, relative, renamed
from tasks.ingest.reading.splits import val_as


class Coco(Method):
    name: Literal["coco"] = "coco"
    order: Order = Field("smaller_over_larger", description="which of two overlapping objects is seen")
    crowd: Literal["class", "void"] = Field("class", description="what groups of objects (iscrowd) are")
    background: Literal["auto", "class", "void"] = Field(
        "auto", description="what uncovered pixels are; auto: void if stuff is annotated, else a class"
    )
    empty: Unannotated = Field("background", description=DESCRIPTION)
    val_is: Literal["test", "val"] = Field("test", description="what val is where there is no test")

    @staticmethod
    def sees(raw: Path) -> str:
        files = listed(raw)[0]
        return f"it has COCO annotations: {relative(files[0], raw)}" if files else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        files, skipped = listed(raw)
        if not files:
            raise ValueError(
                f"{raw} is not laid out as coco: annotations/instances_train.json or another COCO JSON is expected"
            )
        contents = {path: content_of(path) for path in files}
        categories, unused = all_categories(contents)
        stuff = any(path.name.startswith("stuff") for path in files)
        both = stuff and any(path.name.startswith("instances") for path in files)
        hidden = {key for key, name in categories.items() if both and name == "other"}
        kept = {key: name for key, name in categories.items() if key not in hidden}
        ground = self.background == "class" or (self.background == "auto" and not stuff)
        first = ("background",) if ground and "background" not in kept.values() else ()
        names = renamed((*first, *kept.values()), hints, "the COCO files")
        index = {key: n + len(first) for n, key in enumerate(kept)}
        base = (0 if first else list(kept.values()).index("background")) if ground else VOID
        images, problems = gathered(raw, contents)
        records = []
        for path, image in images.items():
            shapes, wrong = self.shapes(image.annotations, index, hidden, kept)
            problems += [Problem(identifier(path, raw), relative(path, raw), text) for text in wrong]
            mask = partial(drawn_on, path, tuple(shapes), image.size, base, self.order, "auto")
            record = Record(identifier(path, raw), image.split, partial(read_picture, path, hints.image_range), mask)
            records.append(record._replace(file=relative(path, raw), mask_file=f"annotations of {relative(path, raw)}"))
        records, notes = val_as(records, self.val_is)
        ground_name = names[base] if ground else "void"
        notes.append(f"overlaps: {self.order.replace('_', ' ')}; uncovered pixels are {ground_name}")
        bare = {identifier(path, raw) for path, image in images.items() if not image.annotations}
        records, refused, notes_on_empty = settled(records, bare, self.empty, ground_name, "ingest.format.coco.empty")
        problems += refused
        notes += notes_on_empty
        if unused:
            notes.append(f"left out: the parent class {', '.join(unused)}, which has no annotations")
        reads = "the annotation files do not list it"
        return Source(
            names, class_ids(names, (), "the COCO files"), records, (), tuple(problems), tuple(notes),
            used=frozenset(relative(path, raw) for path in files), reads=reads,
            unused=tuple(Unused(relative(path, raw), "captions, keypoints and panoptic files are not read") for path in skipped),
        )  # fmt: skip

    def shapes(
        self, annotations: list[dict[str, Any]], index: dict[str, int], hidden: set[str], names: dict[str, str]
    ) -> tuple[list[Shape], list[str]]:
        """An image's annotations as shapes, and what is wrong with them."""
        shapes, wrong = [], []
        for number, entry in enumerate(annotations, 1):
            key, outline = key_of(entry.get("category_id")), entry.get("segmentation")
            if key in hidden:
                continue
            name = f"annotation {entry.get('id', f'{number} of its image')}"
            if key not in index:
                wrong.append(f"{name} has the category {key}, which no file declares: correct or remove it")
                continue
            name += f" ({names[key]})"
            label = VOID if entry.get("iscrowd") and self.crowd == "void" else index[key]
            if not outline:
                wrong.append(f"{name} has no segmentation (only a box?): outline it or remove it")
            elif isinstance(outline, dict):
                shapes.append(Shape(label, partial(cover_run_lengths, outline), name))
            elif isinstance(outline, list):
                shapes.append(polygon_shape(label, outline, name))
            else:
                wrong.append(f"{name} has a segmentation that is neither polygons nor run lengths: export it again")
        return shapes, wrong
