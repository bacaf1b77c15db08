"""Hugging Face image folders with masks: metadata.jsonl (or .csv) beside the images, which names each image's mask file.

Source: https://huggingface.co/docs/datasets/image_dataset (ImageFolder; columns *_file_name are files).
Idea: metadata at the top or in the splits' folders; `file_name` is the image, relative to the metadata file, and
the mask is the column `mask`, or the only column of files whose name has mask, label, annotation or segmentation in it.
Ids: the values of the mask files. Classes: id2label.json ({"0": "wall", ...}), else classes.json, classes.txt or a palette file.
Splits: folders named train, validation, test; a column split; else as ingest.splits says.
Limits: an empty mask entry is an image without a mask; data sets in Parquet are to be saved as an image folder first.
"""

from functools import partial
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.formats._shapes import split_in
from tasks.ingest.reading.class_names import Naming, naming, numbered_names, read_json
from tasks.ingest.reading.file_kinds import pictures_in
from tasks.ingest.reading.image_files import read_ids, read_picture
from tasks.ingest.reading.source import (
    SPLIT_NAMES,
    Hints,
    Problem,
    Record,
    Source,
    Unused,
    class_ids,
    identifier,
    relative,
)
from tasks.ingest.reading.text_files import read_table, read_text

NAMES = ("metadata.jsonl", "metadata.csv")
WORDS = ("mask", "label", "annotation", "segmentation")
NAMES_OF_IDS = "id2label.json"


class Huggingface(Method):
    name: Literal["huggingface"] = "huggingface"
    mask: str = Field("", description="the column of the mask files; empty: the one whose name says so")

    @staticmethod
    def sees(raw: Path) -> str:
        for path in tables_of(raw):
            try:
                rows = rows_of(path)
            except ValueError:
                continue
            if rows and mask_columns(rows[0]):
                return f"{relative(path, raw)} names images and masks"
        return ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        tables = tables_of(raw)
        if not tables:
            raise ValueError(
                f"{raw} is not laid out as huggingface: metadata.jsonl with file_name and a column of masks is expected"
            )
        named = names_of(raw, hints)
        records: list[Record] = []
        problems: list[Problem] = []
        seen: set[Path] = set()
        for table in tables:
            rows = rows_of(table)
            column = self.column(table, rows)
            for number, row in enumerate(rows, 1):
                file, line = relative(table, raw), f"row {number}"
                image, mask = (inside(raw, table, row.get(key)) for key in ("file_name", column))
                if image is None or not image.is_file():
                    problems.append(
                        Problem(
                            "", file, f"{line}: the image {row.get('file_name')} is not there: add it or remove the row"
                        )
                    )
                    continue
                name = identifier(image, raw)
                if image in seen:
                    problems.append(
                        Problem(name, file, f"{line}: {row['file_name']} is named twice: remove one of the rows")
                    )
                    continue
                seen.add(image)
                if row.get(column) and (mask is None or not mask.is_file()):
                    problems.append(
                        Problem(
                            name, file, f"{line}: the mask {row[column]} is not there: add it, or leave the entry empty"
                        )
                    )
                    mask = None
                split = SPLIT_NAMES.get(str(row.get("split", "")).lower()) or split_in(
                    image.relative_to(raw).parts[:-1]
                )
                records.append(
                    Record(
                        name,
                        split,
                        partial(read_picture, image, hints.image_range),
                        partial(read_ids, mask, named.palette, image) if mask else None,
                        file=relative(image, raw),
                        mask_file=relative(mask, raw) if mask else "",
                    )  # fmt: skip
                )
        masks = {record.mask_file for record in records}
        bare = [path for path in pictures_in(raw) if path not in seen and relative(path, raw) not in masks]
        return Source(
            named.classes, named.ids, records, named.colours, tuple(problems), (f"classes named by {named.where}",),
            used=frozenset((*named.files, *(relative(path, raw) for path in tables))),
            unused=tuple(Unused(relative(path, raw), "no row of the metadata names it") for path in bare),
        )  # fmt: skip

    def column(self, table: Path, rows: list[dict[str, Any]]) -> str:
        """The column of the masks; ValueError where none or several could be it."""
        columns = {key: None for row in rows for key in row}
        if self.mask:
            if self.mask not in columns:
                raise ValueError(
                    f"{table} has no column '{self.mask}' (ingest.format.huggingface.mask); it has: {', '.join(columns)}"
                )
            return self.mask
        masks = mask_columns(dict.fromkeys(columns))
        if len(masks) != 1:
            what = f"several columns could be the masks ({', '.join(masks)})" if masks else "no column names mask files"
            raise ValueError(
                f"{table}: {what}: say which in ingest.format.huggingface.mask; it has: {', '.join(columns)}"
            )
        return masks[0]


def tables_of(raw: Path) -> list[Path]:
    """The metadata files at the top and anywhere in the folders of splits."""
    splits = [path for path in sorted(raw.iterdir()) if path.is_dir() and path.name.lower() in SPLIT_NAMES]
    candidates = [
        path for name in NAMES for path in (raw / name, *(below for top in splits for below in top.rglob(name)))
    ]
    return sorted(path for path in candidates if path.is_file())


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a metadata file. Raises ValueError naming the line that cannot be read."""
    if path.suffix == ".csv":
        return [dict(row) for row in read_table(path)]
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        try:
            row = loads(line) if line.strip() else None
        except JSONDecodeError as trouble:
            raise ValueError(f"{path}, line {number} is not JSON: {trouble}") from None
        if row is not None and not isinstance(row, dict):
            raise ValueError(f"{path}, line {number} is no JSON object: one with file_name is expected")
        rows += [row] if row is not None else []
    return rows


def mask_columns(row: dict[str, Any]) -> list[str]:
    """Columns that may name masks: `mask` and the like, surest first; all that are equally sure."""
    names = [key for key in row if key != "file_name"]
    sure = [key for key in names if key in ("mask", "mask_file_name")]
    files = [key for key in names if key.endswith("file_name") and any(word in key for word in WORDS)]
    rest = [key for key in names if key in WORDS and (row[key] is None or "." in str(row[key]))]
    return sure or files or rest


def inside(raw: Path, table: Path, name: object) -> Path | None:
    """A file that a row names, relative to the metadata file; None for what leads out of the folder."""
    if not isinstance(name, str) or not name.strip():
        return None
    path = (table.parent / name.replace("\\", "/")).resolve()
    return raw / path.relative_to(raw.resolve()) if path.is_relative_to(raw.resolve()) else None


def names_of(raw: Path, hints: Hints) -> Naming:
    path = raw / NAMES_OF_IDS
    if path.is_file() and not hints.classes:
        numbered = dict(sorted(numbered_names(read_json(path), path).items()))
        classes = tuple(numbered.values())
        ids = class_ids(classes, (), NAMES_OF_IDS)
        void = {number: 255 for number in hints.void}
        own = {254: 254, 255: 255, **{number: k for k, number in enumerate(numbered)}, **void}
        dense = list(numbered) == list(range(len(numbered)))
        return Naming(classes, {**ids, **void} if dense else own, (), None, NAMES_OF_IDS, (NAMES_OF_IDS,))
    named = naming(raw, hints)
    if not named.classes:
        raise ValueError(
            f'{raw}: nothing names the classes: add {NAMES_OF_IDS}, {{"0": "name of id 0", ...}}, or classes.json'
        )
    return named
