"""Parts of files: TIFF and NumPy arrays read by windows, with the memory of the window.

NumPy arrays (.npy), and TIFF of one page whose numbers are stored as they are read (grey, RGB, ids), uncompressed or compressed
without loss. LZW and others that tifffile does not decode need rasterio (the extra geo); without it they are read whole.
"""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from segmend.images.tiles import Box
from tasks.ingest.reading.opening import BROKEN, UNREADABLE, first_line
from tasks.ingest.reading.windows import WINDOW, AskedWindow, asking, take_window, tiff_size

PLAIN = (1, 5, 8, 32773, 32946, 34925, 50000)  # TIFF compressions without loss
ROWS = 1024  # read at a time where a whole file is gone through
LARGEST_SEGMENT = 1 << 26  # values; a compressed strip or tile beyond it is as good as a whole picture


def row_windows(path: Path) -> Iterator[np.ndarray]:
    """The stored numbers of a file that can be read by windows, some rows at a time; nothing for others."""
    size = npy_size(path) if path.suffix.lower() == ".npy" else tiff_size(path)
    if size is None:
        return
    for top in range(0, size[0], ROWS):
        asked = AskedWindow(Box(top, 0, min(top + ROWS, size[0]), size[1]), size)
        with asking(asked):
            part = window_of_file(path, ("grey", "rgb"))
        if part is None:
            return
        yield part


def npy_size(path: Path) -> tuple[int, int] | None:
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (ValueError, *UNREADABLE):
        return None
    return (shape[0], shape[1]) if len(shape) >= 2 else None


def window_of_file(path: Path, kinds: tuple[str, ...]) -> np.ndarray | None:
    """The asked window of a file, (h, w) or (h, w, 3), as stored; None where nothing is asked, or it must be read whole.

    `kinds` of TIFF: grey, rgb, palette (its numbers).
    """
    if WINDOW.get() is None:
        return None
    if path.suffix.lower() == ".npy":
        return window_of_npy(path)
    return window_of_tiff(path, kinds) if path.suffix.lower() in (".tif", ".tiff") else None


def window_of_npy(path: Path) -> np.ndarray | None:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, *UNREADABLE):
        return None  # reported where it is read whole
    usual = array.dtype.kind in "bui" and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)))
    box = take_window((array.shape[0], array.shape[1])) if usual else None
    if box is None:
        return None
    part = np.array(array[box.slices])
    return part.astype(np.uint8) if part.dtype.kind == "b" else part


def window_of_tiff(path: Path, kinds: tuple[str, ...]) -> np.ndarray | None:
    from tifffile import TIFF, TiffFile, TiffFileError, memmap

    try:
        with TiffFile(path) as file:
            page: Any = file.pages[0]
            if len(file.series) > 1 or kind_of(page) not in kinds or file.series[0].shape[:2] != page.shape[:2]:
                return None
            segment = page.tilelength * page.tilewidth if page.is_tiled else page.rowsperstrip * page.imagewidth
            mapped, decoded = page.is_memmappable, page.compression in TIFF.DECOMPRESSORS
            if not mapped and segment * page.samplesperpixel > LARGEST_SEGMENT:
                return None
            if not mapped and not decoded and not find_spec("rasterio"):
                return None
            box = take_window((page.imagelength, page.imagewidth))
            if box is None:
                return None
            if mapped:
                array = memmap(path, page=0, mode="r")[box.slices]
                return np.array(array, dtype=array.dtype.newbyteorder("="))
            return segments(file, page, box) if decoded else by_rasterio(path, box)
    except (*UNREADABLE, TiffFileError, ValueError, IndexError, KeyError, AttributeError, RuntimeError) as trouble:
        raise ValueError(BROKEN.format(first_line(trouble))) from None


def kind_of(page: Any) -> str:
    """grey, rgb or palette; '' for a page whose stored numbers are not what reading the whole picture gives."""
    plain = (
        page.compression in PLAIN
        and page.dtype is not None
        and page.dtype.kind == "u"
        and page.bitspersample in (8, 16)
        and page.planarconfig == 1
        and page.fillorder == 1
        and ("Orientation" not in page.tags or page.tags["Orientation"].value == 1)
    )
    names = {1: "grey", 2: "rgb", 3: "palette"}
    name = names.get(int(page.photometric), "") if plain else ""
    samples = {"grey": 1, "palette": 1, "rgb": 3}.get(name, 0)
    return name if page.samplesperpixel == samples else ""


def segments(file: Any, page: Any, box: Box) -> np.ndarray:
    """The strips or tiles of a page that a window touches, decoded one at a time."""
    out = np.zeros((*box.shape, page.samplesperpixel), page.dtype)
    length, width = (
        (page.tilelength, page.tilewidth) if page.is_tiled else (min(page.rowsperstrip, page.imagelength), page.imagewidth)
    )  # fmt: skip
    across = -(-page.imagewidth // width)
    for row in range(box.top // length, -(-box.bottom // length)):
        for column in range(box.left // width, -(-box.right // width)):
            number = row * across + column
            if not page.databytecounts[number]:
                continue  # a segment that was never written: zeros
            file.filehandle.seek(page.dataoffsets[number])
            data = file.filehandle.read(page.databytecounts[number])
            decoded, _, shape = page.decode(data, number)
            if decoded is None:
                continue
            part = decoded[0, : shape[1], : shape[2]]
            top, left = row * length, column * width
            here = Box(
                max(top, box.top), max(left, box.left),
                min(top + part.shape[0], box.bottom), min(left + part.shape[1], box.right),
            )  # fmt: skip
            out[here.seen_from(box).slices] = part[here.seen_from(Box(top, left, 0, 0)).slices]
    return out[..., 0] if page.samplesperpixel == 1 else out


def by_rasterio(path: Path, box: Box) -> np.ndarray:
    from warnings import catch_warnings, simplefilter

    import rasterio

    with catch_warnings():
        simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as file:
            window = rasterio.windows.Window(box.left, box.top, box.shape[1], box.shape[0])
            bands = np.moveaxis(file.read(window=window), 0, 2)
    return np.ascontiguousarray(bands[..., 0] if bands.shape[2] == 1 else bands)
