"""GeoTIFF: read by windows; the class map lies on the map as the image does (rasterio, the extra `geo`)."""

from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from segmend.images.dataset import Card
from segmend.images.rasters import VOID, LabelMap
from segmend.images.tiles import Box
from tasks.predict import deep
from tasks.predict.tiling import Read


def opened(path: Path) -> Any | None:
    """The file if it has a place on the map; None for an ordinary TIFF, or where rasterio is not installed and it has none."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None
    try:
        import rasterio
    except ImportError:
        if b"\xaf\x87" in path.read_bytes()[:4096]:  # the tag 34735 of GeoTIFF's keys
            raise ValueError(f"{path} is a GeoTIFF; reading it needs rasterio: pip install 'segmend[geo]'") from None
        return None
    with catch_warnings():
        simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            file = rasterio.open(path)
        except rasterio.errors.RasterioError:
            return None
    if file.crs is None:
        file.close()
        return None
    return file


def reader(file: Any, between: deep.Range | None = None) -> Read:
    """Its first three bands as RGB, or its only one as grey; of more than 8 bits the values `between` which are black and white.
    ValueError where these are not given."""
    bands = [1, 2, 3] if file.count >= 3 else [1, 1, 1]
    eight = {file.dtypes[band - 1] for band in bands} == {"uint8"}
    if not eight and between is None:
        raise ValueError(deep.ASK.format(file.name, file.dtypes[0]))

    def read(box: Box) -> np.ndarray:
        window = ((box.top, box.bottom), (box.left, box.right))
        values = file.read(bands, window=window)
        shown = values if eight else deep.eight_bits(values, between, file.name, file.dtypes[0])
        return np.ascontiguousarray(np.moveaxis(shown, 0, 2))

    return read


def write(path: Path, like: Any, classes: LabelMap, card: Card) -> None:
    """Class ids in one band, void where the image has no data, on the same place of the map."""
    import rasterio

    path.parent.mkdir(parents=True, exist_ok=True)
    masked = np.where(like.dataset_mask() > 0, classes, VOID).astype(np.uint8) if like.nodata is not None else classes
    with rasterio.open(
        path, "w", driver="GTiff", height=like.height, width=like.width, count=1, dtype="uint8",
        compress="deflate", crs=like.crs, transform=like.transform,
    ) as file:  # fmt: skip
        file.write(masked, 1)
        file.write_colormap(1, {k: (*colour, 255) for k, colour in enumerate(card.colours)})
