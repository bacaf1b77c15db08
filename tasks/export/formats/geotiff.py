"""GeoTIFF: images/ and masks/ with the coordinate system and affine transform that the images came with.

Source: OGC GeoTIFF 1.1, written by rasterio (the extra `geo`).
Idea: masks/<id>.tif holds class ids in one band (254 not labelled, 255 void) with the classes' colours, images/<id>.tif the picture;
    both lie on the map as dataset/georeference.json says. classes.json names the classes, splits.csv every image's split.
Limits: labels lose nothing. Images are the 8-bit RGB that the data set holds: other bands and deeper values are in the files that
    came, on which the masks lie exactly. An image without a georeference is written without one. Read by: ingest.format geotiff.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from segmend.images.dataset import Card
from segmend.images.rasters import palette
from tasks.export.formats._base import ExportFormat, Item, SplitsFile, write_class_names


class Geotiff(ExportFormat):
    name: Literal["geotiff"] = "geotiff"
    image_loss: ClassVar[str] = "images become 8-bit RGB; further bands stay in the files that came"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        rasterio()
        write_class_names(out, card)
        colours = np.array(palette(card.palette), np.uint8).reshape(256, 3).tolist()
        table = {k: (*colour, 255) for k, colour in enumerate(colours)}
        with SplitsFile(out) as splits:
            for item in items:
                splits.add(item)
                if images:
                    save(out / "images" / f"{item.sample.id}.tif", np.moveaxis(item.image, 2, 0), item.place, None)
                if item.labels is not None:
                    save(out / "masks" / f"{item.sample.id}.tif", item.labels[None], item.place, table)


def rasterio() -> Any:
    """The package, or ValueError with the way to it."""
    try:
        import rasterio
    except ImportError:
        raise ValueError("export.format geotiff needs the package rasterio: pip install 'segmend[geo]'") from None
    return rasterio


def save(
    path: Path, bands: np.ndarray, place: dict[str, Any] | None, colours: dict[int, tuple[int, ...]] | None
) -> None:
    """Write uint8 (bands, h, w) where `place` (crs as WKT, transform) says; equal input gives equal bytes."""
    from warnings import catch_warnings, simplefilter

    package = rasterio()
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    where: dict[str, Any] = {}
    if place:
        where = {"crs": place["crs"] or None, "transform": package.Affine(*place["transform"])}
    shown = {} if colours else {"photometric": "RGB"}
    with catch_warnings():
        simplefilter("ignore", package.errors.NotGeoreferencedWarning)
        with package.open(
            path, "w", driver="GTiff", height=height, width=width, count=count, dtype="uint8", compress="deflate", **where, **shown
        ) as file:  # fmt: skip
            file.write(bands)
            if colours:
                file.write_colormap(1, colours)
