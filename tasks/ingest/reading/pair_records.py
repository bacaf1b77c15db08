"""The records of images and masks in folders, with annotators and splits: what the formats folders and kvasir share."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from tasks.ingest.reading.annotator_masks import LIST, annotated, strangers, with_annotations
from tasks.ingest.reading.class_names import Naming
from tasks.ingest.reading.image_files import read_picture
from tasks.ingest.reading.paired_files import Pairs, pairing_problems, split_of, unread_masks
from tasks.ingest.reading.source import Hints, Record, Source, Unused, relative
from tasks.ingest.reading.splits import from_csv

MaskReader = Callable[..., np.ndarray]  # (path, like=image's path) -> ids (h, w)


def pair_source(
    raw: Path, hints: Hints, pairs: Pairs, named: Naming, read_mask: MaskReader, annotators: tuple[str, ...]
) -> Source:
    """A source of paired files. `read_mask(path, like=image)` reads one mask."""
    masks, given = annotated(raw, pairs.masks, pairs.images, annotators)
    own = pairs._replace(masks=masks)
    problems = [*pairing_problems(raw, own), *strangers(raw, given, pairs.images)]
    if not given:
        problems += unread_masks(raw, raw, pairs)
    records = [record_of(raw, name, paths[0], own, hints, read_mask) for name, paths in pairs.images.items()]
    notes = [f"classes named by {named.where}"] if named.where else []
    if pairs.suffix:
        notes.append(f"mask names end in '{pairs.suffix}' behind the image's name (mask_suffix)")
    if given:
        records = [with_annotations(r, given, raw, read_mask, pairs.images[r.id][0]) for r in records]
        notes.append(f"masks of {len(given)} annotators: {', '.join(sorted(given))}")
    used = {named.where, LIST}
    if (raw / "splits.csv").is_file():
        records, strange = from_csv(raw / "splits.csv", records)
        problems += strange
        notes.append("splits named by splits.csv")
        used.add("splits.csv")
    elif any(record.split for record in records):
        notes.append("splits named by sub-folders")
    return Source(
        named.classes,
        named.ids,
        records,
        named.colours,
        tuple(problems),
        tuple(notes),
        used=frozenset(used | set(named.files)),
        unused=tuple(other_folders(raw, pairs)),
        reads=pairs.reads,
    )


def record_of(raw: Path, name: str, image: Path, pairs: Pairs, hints: Hints, read_mask: MaskReader) -> Record:
    mask, truth = (table[name][0] if name in table else None for table in (pairs.masks, pairs.truths))
    return Record(
        id=name,
        split=split_of(name),
        image=partial(read_picture, image, hints.image_range),
        mask=partial(read_mask, mask, like=image) if mask else None,
        truth=partial(read_mask, truth, like=image) if truth else None,
        file=relative(image, raw),
        mask_file=relative(mask, raw) if mask else "",
        truth_file=relative(truth, raw) if truth else "",
    )


def other_folders(raw: Path, pairs: Pairs) -> list[Unused]:
    """Folders beside those that are read, which some setting could choose."""
    names = sorted(p.name for p in raw.iterdir() if p.is_dir() and p.name.startswith(pairs.folders))
    return [
        Unused(f"{name}/", "ingest.format.folders.masks and .truth choose other folders")
        for name in names
        if name not in pairs.folders
    ]
