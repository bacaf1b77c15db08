"""Reading large images tile by tile: which file can be read by windows, and the tiles of any map of a record.

A reader that can read a part of its file asks `take_window` which; all others read the whole picture, which is then cut,
so that a format needs no code for tiles. Whole pictures are held to ingest.max_pixels, windows are not.
Which files those are: file_windows.py; GeoTIFF: formats/geotiff.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from segmend.images.tiles import Box, Tile, cut
from tasks.ingest.reading.context import READING
from tasks.ingest.reading.exif import SWAPPED, stored_size
from tasks.ingest.reading.file_kinds import PICTURES
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.source import Pixels, Record


@dataclass
class AskedWindow:
    """A part of a picture of known size, and whether the reader read that part alone."""

    box: Box
    size: tuple[int, int]  # rows and columns of the whole picture
    taken: bool = False


WINDOW: ContextVar[AskedWindow | None] = ContextVar("WINDOW", default=None)


@contextmanager
def asking(asked: AskedWindow | None) -> Iterator[None]:
    token = WINDOW.set(asked)
    try:
        yield
    finally:
        WINDOW.reset(token)


def take_window(size: tuple[int, int]) -> Box | None:
    """For a reader of a picture of this size that can read a part alone: the part it must read; None: all of it."""
    asked = WINDOW.get()
    if asked is None or asked.size != size:  # another size than its image's is reported by the checks
        return None
    asked.taken = True
    return asked.box


def pieces(pixels: Pixels, record: Record) -> Iterator[tuple[Tile | None, np.ndarray, tuple[int, int]]]:
    """Each tile of a picture or map of a record with its array, and the size of the whole; (None, all of it) if it is not cut.

    A picture that cannot be read by windows is read once.
    """
    if not record.tiles:
        array = pixels()
        yield None, array, array.shape[:2]
        return
    last = record.tiles[-1].window
    size, whole = (last.bottom, last.right), None
    for tile in record.tiles:
        if whole is not None:
            yield tile, whole[tile.window.slices], whole.shape[:2]
            continue
        asked = AskedWindow(tile.window, size)
        with asking(asked):
            array = pixels()
        if asked.taken:
            yield tile, array, size
        else:
            whole = array
            yield tile, whole[tile.window.slices], whole.shape[:2]


def with_tiles(records: list[Record], tile: int, overlap: int) -> list[Record]:
    """The records, those of larger images with their tiles. `tile` 0: nothing is cut."""
    if not tile:
        return records
    cut_records = []
    for record in records:
        size = size_of(record)
        cut_records.append(record._replace(tiles=cut(record.id, *size, tile, overlap)) if size else record)
    return cut_records


def size_of(record: Record) -> tuple[int, int] | None:
    """Height and width of an image as it is read, if possible from the head of its file; None for what cannot be read."""
    path = next((path for path in paths_in(record.image) if path.suffix.lower() in PICTURES), None)
    try:
        if path is None:  # a slice of a volume, a picture inside a JSON file
            height, width = record.image().shape[:2]
            return height, width
        with reading_without_limit():
            height, width, turn = stored_size(path)
        return (width, height) if turn in SWAPPED else (height, width)
    except (ValueError, *UNREADABLE, MemoryError):
        return tiff_size(path) if path and path.suffix.lower() in (".tif", ".tiff") else None


@contextmanager
def reading_without_limit() -> Iterator[None]:
    """For looking at heads of files that are read by windows."""
    token = READING.set(READING.get()._replace(max_pixels=1 << 62))
    try:
        yield
    finally:
        READING.reset(token)


def tiff_size(path: Path) -> tuple[int, int] | None:
    from tifffile import TiffFile, TiffFileError

    try:
        with TiffFile(path) as file:
            page: Any = file.pages[0]
            return int(page.imagelength), int(page.imagewidth)
    except (*UNREADABLE, TiffFileError, ValueError, IndexError, KeyError, AttributeError):
        return None


def paths_in(value: object) -> Iterator[Path]:
    """Every path among the arguments of a reader, also inside tuples, lists, dicts and partial functions."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, partial):
        yield from paths_in((value.args, value.keywords))
    elif isinstance(value, dict):
        yield from paths_in(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            if not isinstance(part, int | float | str):
                yield from paths_in(part)
