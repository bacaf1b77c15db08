"""Splits for data that do not say: by hash of the id, or by blocks of neighbours; and splits read from a CSV."""

from hashlib import sha256
from itertools import accumulate
from pathlib import Path, PurePosixPath
from re import split as cut
from typing import Annotated, Literal

from pydantic import Field, model_validator

from segmend.images.dataset import SPLITS
from segmend.stage.params import Settings
from tasks.ingest.reading.source import SPLIT_NAMES, Problem, Record, Source
from tasks.ingest.reading.text_files import read_table

Share = Annotated[float, Field(ge=0, le=1)]
DEALING = ("train", "test", "val")  # who is served first when blocks are dealt and two are equally far behind


class Splits(Settings):
    """How images are split where the data do not say."""

    by: Literal["hash", "blocks"] = Field(
        "hash",
        description="hash: each image by its id (adding images moves none); blocks: neighbours in the order of names "
        "stay together (slices of a volume, frames of a film)",
    )
    block: int = Field(10, ge=1, description="images in a block")
    shares: tuple[Share, Share, Share] = Field((0.6, 0.2, 0.2), description="of train, val and test")
    file: str = Field(
        "", description="CSV with the columns id and split, in the raw folder; it overrides the data's own"
    )

    @model_validator(mode="after")
    def adds_up(self) -> "Splits":
        if abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"shares add up to {sum(self.shares):g}, not to 1")
        return self


def by_hash(identifier: str, shares: tuple[float, ...]) -> str:
    """The split of one image, whatever other images there are."""
    position = int.from_bytes(sha256(f"split {identifier}".encode()).digest()[:8], "big") / 2**64
    for name, end in zip(SPLITS, accumulate(shares), strict=True):
        if position < end:
            return name
    return next(name for name, share in reversed(list(zip(SPLITS, shares, strict=True))) if share > 0)


def by_blocks(count: int, block: int, shares: tuple[float, ...]) -> list[str]:
    """The splits of `count` images in a row: block after block goes to the split that is furthest behind its share."""
    due = dict(zip(SPLITS, shares, strict=True))
    given = dict.fromkeys(SPLITS, 0)
    splits: list[str] = []
    while len(splits) < count:
        size = min(block, count - len(splits))
        name = max(DEALING, key=lambda n: round(due[n] * (len(splits) + size) - given[n], 9))
        given[name] += size
        splits += [name] * size
    return splits


def natural(identifier: str) -> list[tuple[int, str]]:
    """Sort key that puts slice_9 before slice_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in cut(r"(\d+)", identifier)]


def complete(records: list[Record], by: str, block: int, shares: tuple[float, ...]) -> list[Record]:
    """The records with a split each; those that have one keep it, and groups stay together."""
    open_ones = sorted({record.group or record.id for record in records if record.split is None}, key=natural)
    if by == "hash":
        chosen = {name: by_hash(name, shares) for name in open_ones}
    else:
        chosen = dict(zip(open_ones, by_blocks(len(open_ones), block, shares), strict=True))
    return [r if r.split else r._replace(split=chosen[r.group or r.id]) for r in records]


def from_csv(path: Path, records: list[Record]) -> tuple[list[Record], list[Problem]]:
    """The records with the splits of a CSV (columns id and split; others are ignored), and what does not fit."""
    if not path.is_file():
        raise ValueError(
            f"{path} is missing: it should say which image is in which split, with the columns id and split"
        )
    rows = read_table(path)
    missing = sorted({"id", "split"} - set(rows.fieldnames or ()))
    if missing:
        raise ValueError(f"{path} has no column '{missing[0]}'; its columns are: {', '.join(rows.fieldnames or ())}")
    wanted: dict[str, str] = {}
    problems = []
    ids = {record.id for record in records} | {record.group for record in records if record.group}
    for number, row in enumerate(rows, 2):
        given = row["id"] or ""
        name = given if given in ids else PurePosixPath(given).with_suffix("").as_posix() if given else ""
        split = SPLIT_NAMES.get((row["split"] or "").strip().lower())
        if split is None:
            reason = f"line {number}: split '{row['split']}' of {given} is not one of train, val, test"
            problems.append(Problem(name, path.name, reason))
        elif wanted.get(name, split) != split:
            reason = f"line {number}: {given} is in {wanted[name]} and in {split}: keep one of them"
            problems.append(Problem(name, path.name, reason))
        elif name not in ids:
            reason = f"line {number}: there is no image {given}: add the file or remove the line"
            problems.append(Problem("", path.name, reason))
        else:
            wanted[name] = split
    named = {problem.id for problem in problems if problem.id}
    for record in records:
        if record.id not in wanted and record.group not in wanted and not {record.id, record.group} & named:
            problems.append(
                Problem(record.id, record.file, f"it is not in {path.name}: add a line, or remove the image")
            )
    splits = [wanted.get(r.id) or wanted.get(r.group) or r.split or "train" for r in records]
    return [r._replace(split=split) for r, split in zip(records, splits, strict=True)], problems


def dealt(source: Source, splits: Splits, raw: Path) -> Source:
    """The source with a split for every record: the settings' CSV first, then the data's own, then dealt out."""
    records, problems, notes = source.records, list(source.problems), list(source.notes)
    if splits.file:
        records, strange = from_csv(raw / splits.file, records)
        problems += strange
        notes.append(f"splits named by {splits.file}")
        source = source._replace(used=source.used | {splits.file})
    if any(record.split is None for record in records):
        shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(SPLITS, splits.shares, strict=True))
        notes.append(f"the data name no splits: dealt out by {splits.by} ({shares}; ingest.splits changes it)")
    records = complete(records, splits.by, splits.block, splits.shares)
    return source._replace(records=records, problems=tuple(problems), notes=tuple(notes))


def val_as(records: list[Record], split: str) -> tuple[list[Record], list[str]]:
    """Public sets keep their test masks to themselves: where no test image is left, their val becomes our `split`."""
    names = {record.split for record in records}
    if split == "val" or "test" in names or "val" not in names:
        return records, []
    note = "the official val split, the only one with public masks beside train, is used as test (as papers do)"
    return [r._replace(split="test") if r.split == "val" else r for r in records], [note]
