"""Pictures of more than 8 bits a channel: their stored numbers, and which of them become black and white."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from tasks.ingest.reading.context import READING, check_size
from tasks.ingest.reading.file_windows import row_windows
from tasks.ingest.reading.opening import BROKEN, UNREADABLE, first_line, loaded, opened
from tasks.ingest.reading.windows import reading_without_limit

BITS = (8, 10, 12, 14, 16)  # of sensors


def only_tifffile(path: Path) -> bool:
    """True for a TIFF that Pillow does not know (16-bit colour, 64-bit ids)."""
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return False
    try:
        Image.open(path).close()
    except (*UNREADABLE, ValueError):
        return True
    return False


def is_deep(path: Path) -> bool:
    """More than 8 bits a channel, from the head of the file; False for what cannot be opened."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        with path.open("rb") as file:
            head = file.read(25)
        return len(head) == 25 and head[24] == 16
    if suffix not in (".tif", ".tiff", ".npy", ".pgm", ".ppm", ".pnm", ".jp2"):
        return False
    try:
        if suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False).dtype.itemsize > 1
        if only_tifffile(path):
            return True
        with reading_without_limit(), opened(path) as picture:
            return deep(picture)
    except (ValueError, *UNREADABLE):
        return False


def deep(picture: Image.Image) -> bool:
    """More than 8 bits a channel. Pillow opens a 16-bit colour PNG as RGB and keeps the high bytes only."""
    tiles = getattr(picture, "tile", None)  # how the file's bytes are packed
    return picture.mode.startswith(("I", "F")) or bool(tiles and "16" in str(tiles[0][3]))


def stored_numbers(path: Path) -> np.ndarray:
    """The numbers of a picture as stored: (h, w) or (h, w, c)."""
    if path.suffix.lower() == ".npy":
        return numbers_of_npy(path)
    if only_tifffile(path):
        return tiff(path)
    with opened(path) as picture:
        return samples(path, picture)


def samples(path: Path, picture: Image.Image) -> np.ndarray:
    """The stored numbers of an open deep picture: (h, w) or (h, w, c)."""
    if picture.format == "TIFF":
        return tiff(path)
    if picture.mode.startswith(("I", "F")):
        return np.asarray(loaded(picture))
    from cv2 import IMREAD_UNCHANGED, imdecode  # the only reader at hand that keeps 16 bits of colour PNGs

    array = imdecode(np.fromfile(path, np.uint8), IMREAD_UNCHANGED)
    if array is None:
        raise ValueError(BROKEN.format("its pixels cannot be decoded"))
    return array[..., [2, 1, 0]] if array.ndim == 3 else array


def tiff(path: Path) -> np.ndarray:
    from tifffile import TiffFile, TiffFileError

    try:
        with TiffFile(path) as file:
            series = file.series[0]  # a pyramid is one series; its first level is the whole picture
            if len(file.series) > 1:
                raise ValueError("it holds several pages: save one picture a file")
            check_size(*height_and_width(series.shape))
            array = series.asarray()
    except (*UNREADABLE, TiffFileError, IndexError, KeyError) as trouble:
        raise ValueError(BROKEN.format(first_line(trouble))) from None
    return channels_last(array)


def height_and_width(shape: tuple[int, ...]) -> tuple[int, int]:
    """The two largest of at most three axes; other shapes are refused when they are read."""
    kept = [length for length in shape if length > 1] or [1, 1]
    if len(kept) == 3 and kept[0] in (3, 4):
        kept = kept[1:]
    return kept[0], kept[1] if len(kept) > 1 else 1


def channels_last(array: np.ndarray) -> np.ndarray:
    """(h, w) or (h, w, 1 | 3 | 4) of an array that may have empty axes or its channels first."""
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[2] not in (3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ValueError(f"its shape is {array.shape}: one grey or colour picture a file is read")
    return array


def numbers_of_npy(path: Path) -> np.ndarray:
    """A NumPy array file; nothing pickled is loaded."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, *UNREADABLE) as trouble:
        raise ValueError(
            f"it cannot be read as a NumPy array ({first_line(trouble)}): save it with numpy.save"
        ) from None
    if array.dtype.kind not in "buif":
        raise ValueError(f"its values are {array.dtype}: numbers are read")
    check_size(*height_and_width(array.shape))
    return channels_last(np.array(array, dtype=np.uint8) if array.dtype.kind == "b" else np.array(array))


def used_range(paths: list[Path]) -> tuple[tuple[float, float] | None, str]:
    """Which values of 16-bit images become black and white, and the sentence that says so; None where there are none.

    Rule: 0 and the largest value of the fewest bits (8, 10, 12, 14 or 16) that hold every value of every image.
    """
    least, most, count = 65535, 0, 0
    for path in paths:
        if not is_deep(path):
            continue
        try:
            lowest, highest = extremes(path)
        except (ValueError, MemoryError):
            continue  # reported where the image is read
        if lowest >= 0 and highest <= 65535:
            least, most, count = min(least, lowest), max(most, highest), count + 1
    if not count:
        return None, ""
    bits = next(bits for bits in BITS if most < 1 << bits)
    high = (1 << bits) - 1
    return (0.0, float(high)), (
        f"{count} images of 16 bits use the values {least} to {most}: read as {bits} bits, 0 is black and {high} white "
        "(ingest.image_range: [low, high] changes it)"
    )


def extremes(path: Path) -> tuple[int, int]:
    """The least and the largest stored number; (-1, -1) where they are not whole numbers."""
    bounds = [(part.dtype.kind, part.min(), part.max()) for part in row_windows(path)]
    if not bounds:
        array = stored_numbers(path)
        bounds = [(array.dtype.kind, array.min(), array.max())]
    if any(kind not in "ui" for kind, _, _ in bounds):
        return -1, -1
    return min(int(low) for _, low, _ in bounds), max(int(high) for _, _, high in bounds)


def scaled(array: np.ndarray, value_range: tuple[float, float] | None) -> UInt8[np.ndarray, "h w 3"]:
    """Deep values as 8-bit RGB."""
    whole = array.dtype.kind in "ui" and array.min() >= 0 and array.max() <= 65535  # Pillow's mode I: 16 bits in 32
    if value_range is None and array.dtype == np.uint8:
        low, high = 0.0, 255.0
    elif value_range is None and whole:
        low, high = READING.get().deep_range or (0.0, 65535.0)
    elif value_range is None:
        raise ValueError(
            f"its values are {array.dtype} from {array.min():g} to {array.max():g}: say which of them become black and "
            "white, in params.yaml: ingest.image_range: [low, high]"
        )
    else:
        low, high = value_range
    values = np.arange(1 << 16) if whole else array
    eight = np.clip((values.astype(np.float64) - low) * (255 / (high - low)) + 0.5, 0, 255)
    eight = np.nan_to_num(eight).astype(np.uint8)
    if whole:
        eight = eight[array]  # by a table: no copy in float64 of a large image
    if eight.ndim == 2:
        eight = eight[..., None]
    return eight[..., :3] if eight.shape[2] >= 3 else np.repeat(eight[..., :1], 3, axis=2)
