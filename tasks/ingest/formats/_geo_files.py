"""GeoTIFF files read by rasterio: bands, windows, and what nodata leaves out."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from tasks.ingest.reading.context import check_size
from tasks.ingest.reading.windows import take_window

ROWS = 1024  # read at a time where a whole file is gone through


def rasterio() -> Any:
    """The package, or ValueError with the way to it."""
    try:
        import rasterio
    except ImportError:
        raise ValueError(
            "georeferenced images need the package rasterio: pip install 'segmend[geo]', or choose the format folders, which "
            "leaves nodata and the georeference out"
        ) from None
    return rasterio


def open_geo(path: Path) -> Any:
    from warnings import catch_warnings, simplefilter

    package = rasterio()
    try:
        with catch_warnings():
            simplefilter("ignore", package.errors.NotGeoreferencedWarning)
            return package.open(path)
    except package.errors.RasterioError as trouble:
        raise ValueError(f"it cannot be read as a GeoTIFF ({trouble}): replace or remove it") from None


def chosen_bands(file: Any, bands: tuple[int, ...]) -> list[int]:
    if bands:
        if max(bands) > file.count:
            raise ValueError(f"it has {file.count} bands, and ingest.format.geotiff.bands names {max(bands)}")
        return list(bands)
    names = [interpretation.name for interpretation in file.colorinterp]
    if {"red", "green", "blue"} <= set(names):
        return [names.index(name) + 1 for name in ("red", "green", "blue")]
    return [1, 2, 3] if file.count >= 3 else [1]


def checked_window(file: Any) -> Any:
    """The window that is asked for, as rasterio names it; None: all of the file, whose size is checked."""
    box = take_window((file.height, file.width))
    if box is None:
        check_size(file.height, file.width)
        return None
    return rasterio().windows.Window(box.left, box.top, box.shape[1], box.shape[0])


def numbers_in(file: Any, bands: tuple[int, ...], window: Any) -> np.ndarray:
    if file.count == 1 and file.colorinterp[0].name == "palette":
        table = np.array([file.colormap(1).get(k, (0, 0, 0, 0))[:3] for k in range(256)], np.uint8)
        return table[read_bands(file, 1, window)]
    numbers = np.moveaxis(read_bands(file, chosen_bands(file, bands), window), 0, 2)
    return np.where((file.dataset_mask(window=window) > 0)[..., None], numbers, np.zeros(1, numbers.dtype))


def read_bands(file: Any, bands: Any, window: Any) -> np.ndarray:
    try:
        return file.read(bands, window=window)
    except rasterio().errors.RasterioError as trouble:
        raise ValueError(f"its pixels cannot be read ({trouble}): replace or remove it") from None


def left_out(path: Path, window: Any) -> Bool[np.ndarray, "h w"]:
    """Pixels that nodata, a mask band or alpha leaves out; none for a file that has none of them."""
    with open_geo(path) as file:
        return file.dataset_mask(window=window) == 0


def largest_number(path: Path, bands: tuple[int, ...]) -> int:
    """The largest number of the chosen bands; -1 where they are bytes or no whole numbers. Some rows are in memory at a time."""
    highest = -1
    with open_geo(path) as file:
        for top in range(0, file.height, ROWS):
            window = rasterio().windows.Window(0, top, file.width, min(ROWS, file.height - top))
            numbers = numbers_in(file, bands, window)
            if numbers.dtype.kind not in "ui" or numbers.dtype == np.uint8:
                return -1
            highest = max(highest, int(numbers.max(initial=0)))
    return highest
