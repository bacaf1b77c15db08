"""Several masks an image: which files are whose, in masks/<annotator>/<id>.png or listed in annotators.csv."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tasks.ingest.reading.source import SPLIT_NAMES, Annotation, Problem, Record, relative
from tasks.ingest.reading.text_files import read_table

LIST = "annotators.csv"
COLUMNS = ("image", "annotator", "file")
Masks = dict[str, list[Path]]  # id -> files
Given = dict[str, dict[str, Path]]  # annotator -> id -> file


def annotated(raw: Path, masks: Masks, images: Masks, wanted: tuple[str, ...]) -> tuple[Masks, Given]:
    """The masks that are nobody's in particular, and those of the annotators.

    Raises ValueError for a wanted annotator without masks, masks of both kinds, or a list that cannot be read.
    """
    if (raw / LIST).is_file():
        return {}, listed(raw)
    own: Masks = {}
    given: Given = {}
    for name, paths in masks.items():
        annotator, rest = taken_apart(name)
        if rest and (annotator in wanted or (not wanted and name not in images and rest in images)):
            given.setdefault(annotator, {})[rest] = paths[0]
        else:
            own[name] = paths
    missing = sorted(set(wanted) - set(given))
    if missing:
        raise ValueError(
            f"{raw} holds no masks of the annotator '{missing[0]}': put them into masks/{missing[0]}/<id>.png, or leave the name "
            "out of ingest.format.folders.annotators"
        )
    if wanted and own:
        file = relative(next(iter(own.values()))[0], raw)
        raise ValueError(
            f"{raw}: {file} belongs to none of the annotators {', '.join(wanted)}: name its folder in "
            "ingest.format.folders.annotators too, or remove it"
        )
    if any(name in images for name in own):  # masks beside their images: then folders are parts of the ids
        return masks, {}
    return own, given


def taken_apart(name: str) -> tuple[str, str]:
    """'anna/city/1' -> 'anna', 'city/1'; 'train/anna/1' (a split's folder first) -> 'anna', 'train/1'."""
    parts = name.split("/")
    at = int(parts[0] in SPLIT_NAMES and len(parts) > 2)
    return parts[at], "/".join(parts[:at] + parts[at + 1 :])


def lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The number of each line of a CSV file and what stands in these columns. Raises ValueError where one is lacking."""
    rows = read_table(path)
    lacking = [column for column in columns if column not in (rows.fieldnames or ())]
    if lacking:
        needed = f"{', '.join(columns[:-1])} and {columns[-1]}"
        raise ValueError(f"{path} has no column '{lacking[0]}': {needed} are needed")
    for number, row in enumerate(rows, 2):
        yield number, tuple((row[column] or "").strip() for column in columns)


def listed(raw: Path) -> Given:
    """annotators.csv."""
    given: Given = {}
    for number, (image, annotator, path) in lines(raw / LIST, COLUMNS):
        trouble = wrong(raw, given, image, annotator, path)
        if trouble:
            raise ValueError(f"{raw / LIST}, line {number}: {trouble}")
        given.setdefault(annotator, {})[image] = raw / path
    if not given:
        raise ValueError(f"{raw / LIST} lists no masks: add rows, or remove the file")
    return given


def bad_name(annotator: str) -> str:
    """Why this is no name of an annotator; empty if it is one."""
    if not annotator or "/" in annotator or "\\" in annotator or annotator in (".", ".."):
        return f"'{annotator}' is no name of an annotator: one word without slashes is allowed"
    return ""


def wrong(raw: Path, given: Given, image: str, annotator: str, path: str) -> str:
    if bad_name(annotator):
        return bad_name(annotator)
    if image in given.get(annotator, {}):
        return f"a second mask of '{image}' by {annotator}: one is allowed"
    if ".." in Path(path).parts or Path(path).is_absolute():
        return f"the file {path} lies outside {raw.name}/: give a path inside it"
    if not (raw / path).is_file():
        return f"the file {path} is not there: give its path relative to {raw.name}/"
    return ""


def strangers(raw: Path, given: Given, images: Masks) -> list[Problem]:
    """Annotators' masks without an image."""
    return [
        Problem("", relative(path, raw), f"it has no image with the id '{name}': add the image or remove the mask")
        for table in given.values()
        for name, path in table.items()
        if name not in images
    ]


def with_annotations(
    record: Record, given: Given, raw: Path, read_mask: Callable[..., np.ndarray], image: Path
) -> Record:
    """The record with the masks of its annotators; `read_mask(path, like=image)` reads one."""
    drawn = tuple(
        Annotation(who, partial(read_mask, table[record.id], like=image), relative(table[record.id], raw))
        for who, table in sorted(given.items())
        if record.id in table
    )
    return record._replace(annotations=drawn)
