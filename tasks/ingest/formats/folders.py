"""A folder of images and a folder of masks with equal names: what most people have.

Idea: images/<id>.jpg belongs to masks/<id>.png (any picture kind, sub-folders kept); truth/<id>.png, if there, is the
    true mask. A suffix that all mask names share (_mask, _segmentation) is found by itself.
Splits: sub-folders train, val, test (images/train/... or train/images/...), or splits.csv with the columns id and
    split (other columns are ignored), else as ingest.splits says.
Classes: ingest.classes, classes.json ({"classes": [...]}, or {"classes": {"7": "road", ...}} for ids with gaps;
    "void" and "colours" may stand beside), classes.txt (a name a line), or the palette file of colour masks.
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
from tasks.ingest.reading.class_names import naming
from tasks.ingest.reading.image_files import describe_id, read_ids
from tasks.ingest.reading.pair_records import pair_source
from tasks.ingest.reading.paired_files import Pairs, files_of, folder_of, paired
from tasks.ingest.reading.region_answers import REGIONS, answers, unfounded, with_answers
from tasks.ingest.reading.source import Hints, Source, relative

LOOKED_AT = 100  # masks read to list the ids when nothing names the classes


class Folders(Method):
    name: Literal["folders"] = "folders"
    images: str = Field("images", description="folder of the images")
    masks: str = Field("masks", description="folder of the given masks")
    truth: str = Field("truth", description="folder of the true masks, if there is one")
    annotators: tuple[str, ...] = Field(
        (), description="folders of masks/ that are one annotator each; empty: found, as the format's card says"
    )
    mask_suffix: str = Field("", description="what a mask's name has behind the image's, as '_mask'; empty: found")

    @staticmethod
    def sees(raw: Path) -> str:
        name = folder_of(raw, "images")
        if (raw / name).is_dir():
            return f"it has a folder {name}"
        return f"it has folders */{name}" if files_of(raw, name) else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        pairs = paired(raw, self.images, self.masks, self.truth, self.mask_suffix)
        if not pairs.images:
            raise ValueError(
                f"{raw} holds no pictures in {self.images}/ or <split>/{self.images}/: put the images there, or name another "
                "format (python -m tasks.ingest.inspect PATH guesses)"
            )
        named = naming(raw, hints)
        if not named.classes:
            raise ValueError(unnamed(raw, pairs))
        source = pair_source(raw, hints, pairs, named, partial(read_ids, colours=named.palette), self.annotators)
        regions = files_of(raw, REGIONS)
        by_annotator = answers(raw, named, source)
        if not by_annotator:
            return source
        records = [with_answers(r, by_annotator, regions, named, pairs.images[r.id][0]) for r in source.records]
        who = sorted({name for table in by_annotator.values() for name in table})
        return source._replace(
            records=records,
            problems=(*source.problems, *unfounded(by_annotator, pairs.images, regions)),
            notes=(*source.notes, f"answers of {len(who)} annotators about regions: {', '.join(who)}"),
            used=source.used | {relative(path, raw) for paths in regions.values() for path in paths},
        )


def unnamed(raw: Path, pairs: Pairs) -> str:
    """The sentence for data whose classes nothing names: which ids there are, and where to name them."""
    masks = [paths[0] for table in (pairs.masks, pairs.truths) for paths in table.values()]
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
