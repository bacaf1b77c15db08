"""Results of ingest kept per image in .work/ingest: an image whose files did not change is neither read nor encoded again.

The key of an image is all that its results depend on: the code, the settings of reading, the ids' meaning, how its record
reads it (paths, outlines, palette), and size and time stamp of its files, as DVC tells whether a file changed. Records with
a problem are never kept. Only what the last run used stays. Nothing is kept of pictures beyond LIMIT bytes in all.
"""

from json import dumps, loads
from pathlib import Path
from pickle import dumps as pickled
from shutil import rmtree
from time import time
from typing import Any

import numpy as np

from segmend.stage.cache import LIMIT, Cache, code_digest, digest_of, write_whole
from tasks.ingest.checking.image_checks import CheckedRecord, CheckedTile
from tasks.ingest.reading.source import Record, Source
from tasks.ingest.reading.windows import paths_in

CHECKED = "checked.jsonl"
A_DAY = 24 * 3600  # seconds; after it, what other code or settings made is removed


class KeptResults:
    """The folder of one code and one meaning of ids; sent to workers as it is."""

    def __init__(self, source: Source):
        key = (
            code_digest("tasks.ingest.__main__"),
            repr(sorted(source.ids.items())),
            repr(source.reading),
            repr(source.palette),
        )
        self.folder = Cache("ingest", key).folder
        self.pictures = True  # False where they would take too much space

    def known(self, records: list[Record]) -> tuple[list[str], dict[str, CheckedRecord]]:
        """The key of every record, and what is kept of those that were checked before."""
        keys = [key_of(record) for record in records]
        rows = self.rows()
        return keys, {key: restored(rows[key], r, key) for key, r in zip(keys, records, strict=True) if key in rows}

    def rows(self) -> dict[str, Any]:
        path = self.folder / CHECKED
        lines = path.read_text().splitlines() if path.is_file() else []
        return {row["key"]: row for row in map(loads, lines)}

    def keep_checked(self, checked: list[CheckedRecord]) -> None:
        """Keep these and forget all others with their pictures, and after a day what other code or settings made."""
        good = [item for item in checked if not item.problems and item.key]
        lines = "".join(dumps(row_of(item)) + "\n" for item in good)
        write_whole(self.folder / CHECKED, lambda file: file.write(lines.encode()))
        for other in self.folder.parent.iterdir():
            if time() - other.stat().st_mtime > A_DAY and other != self.folder:
                rmtree(other, ignore_errors=True)
        keys = {item.key for item in good}
        for path in self.folder.glob("*.png"):
            if path.name.split(".")[0] not in keys:
                path.unlink(missing_ok=True)
        self.pictures = 4 * sum(item.height * item.width for item in good) < LIMIT  # 3 bytes a pixel, and its masks

    def copy(self, name: str, path: Path) -> bool:
        """Write the picture `path` from the kept one; False where none is kept. `name` is <key>.<what>.png."""
        if not self.pictures or name.startswith("."):
            return False
        try:
            content = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return False
        try:
            path.write_bytes(content)
        except FileNotFoundError:  # the first picture of its folder
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return True

    def keep(self, name: str, path: Path) -> None:
        """Keep the picture `path` for the next run."""
        if self.pictures and not name.startswith("."):
            write_whole(self.folder / name, lambda file: file.write(path.read_bytes()))


def key_of(record: Record) -> str:
    """32 hex digits; '' where a file cannot be looked at. The split is not part of it: it changes no pixel."""
    parts: list[bytes | str] = [pickled(record._replace(split=None), protocol=5)]
    readers = (record.image, record.mask, record.truth, *(entry.mask for entry in record.annotations))
    for path in sorted({path for reader in readers for path in paths_in(reader)}):
        try:
            about = path.stat()
        except OSError:
            return ""
        parts.append(f"{path} {about.st_size} {about.st_mtime_ns}")
    return digest_of(parts)


def row_of(item: CheckedRecord) -> dict[str, Any]:
    """What is kept of a checked record; floats are written so that they come back exactly."""
    return {
        "key": item.key,
        "size": (item.height, item.width),
        "digest": item.digest,
        "plain": item.plain,
        "sums": item.sums.tolist(),
        "mask": sparse(item.mask),
        "truth": sparse(item.truth),
        "objects": item.objects,
        "noticed": sorted(item.noticed),
        "tiles": [(tile.digest, sparse(tile.mask), sparse(tile.truth)) for tile in item.tiles],
    }


def restored(row: dict[str, Any], record: Record, key: str) -> CheckedRecord:
    height, width = row["size"]
    tiles = tuple(
        CheckedTile(tile, digest, dense(mask), dense(truth))
        for tile, (digest, mask, truth) in zip(record.tiles, row["tiles"], strict=True)
    )
    return CheckedRecord(
        record, height, width, row["digest"], row["plain"], np.array(row["sums"]), dense(row["mask"]), dense(row["truth"]),
        tuple(row["objects"]), frozenset(row["noticed"]), (), key, tiles,
    )  # fmt: skip


def sparse(counts: np.ndarray | None) -> dict[str, int] | None:
    return None if counts is None else {str(k): int(counts[k]) for k in np.flatnonzero(counts)}


def dense(counts: dict[str, int] | None) -> np.ndarray | None:
    if counts is None:
        return None
    table = np.zeros(256, np.int64)
    for label, count in counts.items():
        table[int(label)] = count
    return table
