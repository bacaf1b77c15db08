"""A folder of images and a folder of masks with equal names: what most people have.

Idea: images/<id>.jpg belongs to masks/<id>.png (any picture kind, sub-folders kept); truth/<id>.png, if there, is the
    true mask.
Splits: sub-folders train, val, test (images/train/... or train/images/...), or splits.csv with the columns id and
    split
(other columns are ignored), else as ingest.splits says.
Classes: ingest.classes, classes.json ({"classes": [...]}, or {"classes": {"7": "road", ...}} for ids with gaps;
    "void" and
"colours" may stand beside), classes.txt (a name a line), or the palette file of colour masks.
Annotators: several masks an image lie in masks/<annotator>/<id>.png, or are listed in annotators.csv with the columns
    image, annotator and file (of a mask, relative to the folder). Folders of masks/ are taken for annotators by
    themselves where no mask stands beside its image but every one does without its first folder; `annotators` names
    them outright. `gold` is reserved for masks that the others are measured by. Answers about regions: answers.csv with
    the columns image, region, annotator and label beside regions/<id>.png, alone or with annotators' masks.
Limits: an image without a mask is kept without one; a mask without an image is an error.
Costs: lists the folder once; pixels are read later.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.reading.annotator_masks import annotated, strangers, with_annotations
from tasks.ingest.reading.class_names import Naming, naming
from tasks.ingest.reading.image_files import describe_id, pictures_in, read_ids, read_picture
from tasks.ingest.reading.region_answers import REGIONS, answers, unfounded, with_answers
from tasks.ingest.reading.source import SPLIT_NAMES, Hints, Problem, Record, Source, relative
from tasks.ingest.reading.splits import from_csv

LOOKED_AT = 100  # masks read to list the ids when nothing names the classes


class Folders(Method):
    name: Literal["folders"] = "folders"
    images: str = Field("images", description="folder of the images")
    masks: str = Field("masks", description="folder of the given masks")
    truth: str = Field("truth", description="folder of the true masks, if there is one")
    annotators: tuple[str, ...] = Field(
        (), description="folders of masks/ that are one annotator each; empty: found, as the format's card says"
    )
    mask_suffix: str = Field("", description="what a mask's name has behind the image's, as '_mask'")

    @staticmethod
    def sees(raw: Path) -> str:
        if (raw / "images").is_dir():
            return "it has a folder images"
        inside = [path.name for path in raw.glob("*/images") if path.is_dir()]
        return "it has folders */images" if inside and any((raw / s / "images").is_dir() for s in SPLIT_NAMES) else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        images = self.pictures(raw, self.images)
        if not images:
            raise ValueError(f"{raw} holds no pictures in {self.images}/ or <split>/{self.images}/: put the images there, or "
                             "name another format (python -m tasks.ingest.inspect PATH guesses)")  # fmt: skip
        masks = {name.removesuffix(self.mask_suffix): paths for name, paths in self.pictures(raw, self.masks).items()}
        truths = {name.removesuffix(self.mask_suffix): paths for name, paths in self.pictures(raw, self.truth).items()}
        masks, given = annotated(raw, masks, images, self.annotators)
        named = naming(raw, hints)
        if not named.classes:
            every = [paths[0] for paths in (*masks.values(), *truths.values())]
            raise ValueError(unnamed(raw, every or [path for paths in given.values() for path in paths.values()]))
        problems = [*twice(raw, images), *twice(raw, masks), *twice(raw, truths)]
        problems += strangers(raw, given, images)
        said, regions = answers(raw, named, bool(masks), given), self.pictures(raw, REGIONS)
        problems += unfounded(said, images, regions)
        problems += [
            Problem("", relative(paths[0], raw), f"it has no image: add {self.images}/{name}.* or remove it")
            for table in (masks, truths)
            for name, paths in table.items()
            if name not in images
        ]
        records = [self.record(raw, name, paths[0], masks, truths, named, hints) for name, paths in images.items()]
        notes = [f"classes named by {named.where}"]
        if given:
            records = [with_annotations(one, given, raw, named, images[one.id][0]) for one in records]
            notes.append(f"masks of {len(given)} annotators: {', '.join(sorted(given))}")
        if said:
            records = [with_answers(one, said, regions, named, images[one.id][0]) for one in records]
            who = sorted({name for table in said.values() for name in table})
            notes.append(f"answers of {len(who)} annotators about regions: {', '.join(who)}")
        if (raw / "splits.csv").is_file():
            records, strange = from_csv(raw / "splits.csv", records)
            problems += strange
            notes.append("splits named by splits.csv")
        elif any(record.split for record in records):
            notes.append("splits named by sub-folders")
        used = {self.images, self.masks, self.truth, *([REGIONS] if said else []), *SPLIT_NAMES}
        others = sorted(
            p.name for p in raw.iterdir() if p.is_dir() and p.name not in used and not p.name.startswith(".")
        )
        if others:
            notes.append(
                f"not used: the folders {', '.join(others)} (ingest.format.folders.masks and .truth choose others)"
            )
        return Source(named.classes, named.ids, records, named.colours, tuple(problems), tuple(notes))

    def pictures(self, raw: Path, kind: str) -> dict[str, list[Path]]:
        """id -> files of one kind. An id begins with its split where folders name splits."""
        found: dict[str, list[Path]] = {}
        tops = [(raw / kind, "")]
        tops += [
            (path, f"{path.parent.name}/") for path in sorted(raw.glob(f"*/{kind}")) if path.parent.name in SPLIT_NAMES
        ]
        for top, before in tops:
            for path in pictures_in(top) if top.is_dir() else []:
                found.setdefault(before + path.relative_to(top).with_suffix("").as_posix(), []).append(path)
        return dict(sorted(found.items()))

    def record(
        self, raw: Path, name: str, image: Path, masks: dict[str, list[Path]], truths: dict[str, list[Path]],
        named: Naming, hints: Hints,
    ) -> Record:  # fmt: skip
        mask, truth = (table[name][0] if name in table else None for table in (masks, truths))
        return Record(
            id=name,
            split=SPLIT_NAMES.get(name.split("/")[0]) if "/" in name else None,
            image=partial(read_picture, image, hints.image_range),
            mask=partial(read_ids, mask, named.palette, image) if mask else None,
            truth=partial(read_ids, truth, named.palette, image) if truth else None,
            file=relative(image, raw),
            mask_file=relative(mask, raw) if mask else "",
            truth_file=relative(truth, raw) if truth else "",
        )


def twice(raw: Path, table: dict[str, list[Path]]) -> list[Problem]:
    """Files that would have one id."""
    return [
        Problem(
            name,
            relative(paths[1], raw),
            f"it has the same id '{name}' as {relative(paths[0], raw)}: rename one of them",
        )
        for name, paths in table.items()
        if len(paths) > 1
    ]


def unnamed(raw: Path, masks: list[Path]) -> str:
    """The sentence for data whose classes nothing names: which ids there are, and where to name them."""
    total: dict[int, int] = {}
    for path in masks[:LOOKED_AT]:
        try:
            values, counts = np.unique(read_ids(path), return_counts=True)
        except ValueError as trouble:
            return f"{raw}: nothing names the classes, and of {relative(path, raw)} this is known: {trouble}"
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            total[value] = total.get(value, 0) + count
    pixels = sum(total.values())
    shares = ", ".join(f"{describe_id(value)} ({count / pixels:.1%})" for value, count in sorted(total.items())[:40])
    seen = f"the masks hold {shares}" if total else "there are no masks"
    return (
        f'{raw}: nothing names the classes; {seen}. Add classes.json, {{"classes": ["name of id 0", "name of id 1", ...]}}, or '
        "set ingest.classes in params.yaml"
    )
