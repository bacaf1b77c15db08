"""GeoTIFF: images/ and masks/ with equal names, where nodata and mask bands are void and the georeference is kept.

Source: OGC GeoTIFF 1.1 and GDAL's RFC 15 (mask bands), read by rasterio (the extra `geo`).
Idea: as the format folders; what the image's nodata value, mask band or alpha leaves out is void in the mask, and so is what
the mask's own leaves out. Bands: `bands`, else those that the file calls red, green and blue, else the first three, else the first.
Values: 8 bits as they are; 16 bits from 0 to the largest value of the fewest bits (8, 10, 12, 14 or 16) that hold every used
value of the set, or ingest.image_range; floats need ingest.image_range.
Kept: dataset/georeference.json with the coordinate system (WKT), the affine transform, and width and height of every image, so
that labels can be put back on the map. Masks whose corners lie more than a tenth of a pixel off their image's are a problem.
Classes: classes.json, classes.txt or a palette file. A nodata value of masks that is also a declared class is refused, until
`nodata` says what it is. Splits: as in the format folders. Limits: no warping; other bands are not used, which is said.
"""

from functools import partial
from json import dumps
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int32, UInt8
from PIL import Image
from pydantic import Field

from segmend.images.rasters import VOID
from segmend.stage.params import Method
from tasks.ingest.formats._geo_files import (
    checked_window,
    chosen_bands,
    largest_number,
    left_out,
    numbers_in,
    open_geo,
    rasterio,
    read_bands,
)
from tasks.ingest.reading.class_names import naming
from tasks.ingest.reading.deep_images import BITS, scaled
from tasks.ingest.reading.image_files import read_ids, whole_numbers
from tasks.ingest.reading.opening import UNREADABLE
from tasks.ingest.reading.pair_records import pair_source
from tasks.ingest.reading.paired_files import files_of, folder_of, paired
from tasks.ingest.reading.source import Hints, Problem, Source, relative
from tasks.ingest.reading.windows import asking

TAGS = (33550, 33922, 34264, 34735)  # pixel scale, tie points, transformation, keys: a file with one is georeferenced
TIFFS = (".tif", ".tiff")
OUTSIDE = 65535  # id of pixels that nodata leaves out; void
OFF = 0.1  # pixels that a mask may lie beside its image
LOOKED_AT = 5


class Geotiff(Method):
    name: Literal["geotiff"] = "geotiff"
    images: str = Field("images", description="folder of the images")
    masks: str = Field("masks", description="folder of the given masks")
    truth: str = Field("truth", description="folder of the true masks, if there is one")
    mask_suffix: str = Field("", description="what a mask's name has behind the image's, as '_mask'; empty: found")
    bands: tuple[int, ...] = Field((), description="numbers of one or three bands, from 1; empty: red, green and blue")
    nodata: Literal["auto", "void", "class"] = Field(
        "auto", description="what the nodata value of masks is; auto: void, refused where it is also a declared class"
    )

    @staticmethod
    def sees(raw: Path) -> str:
        images = [paths[0] for paths in files_of(raw, folder_of(raw, "images")).values()][:LOOKED_AT]
        example = next((path for path in images if has_georeference(path)), None)
        return f"its images are georeferenced: {relative(example, raw)}" if example else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        if len(self.bands) not in (0, 1, 3):
            raise ValueError(f"ingest.format.geotiff.bands names {len(self.bands)} bands: one or three are shown")
        pairs = paired(raw, self.images, self.masks, self.truth, self.mask_suffix)
        if not pairs.images:
            raise ValueError(f"{raw} is not laid out as geotiff: georeferenced pictures in {self.images}/ are expected")
        rasterio()
        named = naming(raw, hints)
        if not named.classes:
            raise ValueError(
                f'{raw}: nothing names the classes: add classes.json, {{"classes": ["name of id 0", ...]}}'
            )
        masks = [paths[0] for table in (pairs.masks, pairs.truths) for paths in table.values()]
        self.refuse_unclear_nodata(raw, masks, set(named.ids) - {VOID, 254} - set(hints.void))
        read_mask = partial(read_geo_ids, colours=named.palette, void_nodata=self.nodata != "class")
        source = pair_source(raw, hints, pairs, named, read_mask, ())
        images = {name: paths[0] for name, paths in pairs.images.items()}
        bits, notes = (None, []) if hints.image_range else bit_range(list(images.values()), self.bands)
        records = [
            r._replace(image=partial(read_geo_image, images[r.id], self.bands, hints.image_range, bits))
            for r in source.records
        ]
        about = {name: georeference(path) for name, path in images.items()}
        problems = [
            Problem(name, relative(paths[0], raw), trouble)
            for table in (pairs.masks, pairs.truths)
            for name, paths in table.items()
            if name in about and (trouble := off_place(about[name], georeference(paths[0])))
        ]
        notes += bands_note(images, self.bands)
        kept = {name: entry for name, entry in sorted(about.items()) if entry and "unreadable" not in entry}
        return source._replace(
            records=records, ids={**source.ids, OUTSIDE: VOID}, problems=(*source.problems, *problems),
            notes=(*source.notes, *notes, "nodata and mask bands are void; the georeference is in dataset/georeference.json"),
            kept=(("georeference.json", dumps(kept, indent=1) + "\n"),),
        )  # fmt: skip

    def refuse_unclear_nodata(self, raw: Path, masks: list[Path], declared: set[int]) -> None:
        for path in masks if self.nodata == "auto" else []:
            value = georeference(path).get("nodata")
            if value is not None and value in declared:
                raise ValueError(
                    f"{relative(path, raw)} has the nodata value {value:g}, which is also a declared class: say what it is in "
                    "ingest.format.geotiff.nodata: void or class"
                )


def has_georeference(path: Path) -> bool:
    if path.suffix.lower() not in TIFFS:
        return False
    try:
        with Image.open(path) as picture:
            return any(tag in picture.tag_v2 for tag in TAGS)  # type: ignore[attr-defined]
    except (*UNREADABLE, ValueError):  # kinds that Pillow does not know, as five bands of 16 bits
        from tifffile import TiffFile, TiffFileError

        try:
            with TiffFile(path) as file:
                return any(tag in file.pages[0].tags for tag in TAGS)  # type: ignore[union-attr]
        except (*UNREADABLE, TiffFileError, ValueError, IndexError):
            return False


def georeference(path: Path) -> dict[str, Any]:
    """Coordinate system, transform, size and nodata value of a file; {} for what cannot be opened (reported where it is read)."""
    if path.suffix.lower() not in TIFFS:
        return {}
    try:
        with open_geo(path) as file:
            crs = file.crs.to_wkt() if file.crs else ""
            about = {"crs": crs, "transform": list(file.transform)[:6], "height": file.height, "width": file.width}
            nodata = file.nodata
            return about | ({"nodata": nodata} if nodata is not None and np.isfinite(nodata) else {})
    except ValueError:
        return {}


def off_place(image: dict[str, Any], mask: dict[str, Any]) -> str:
    """Why a mask does not lie on its image; "" where it does, or one of them has no place."""
    plain = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    if not image or not mask or plain in (image["transform"], mask["transform"]):
        return ""
    if image["crs"] and mask["crs"] and image["crs"] != mask["crs"]:
        return "its coordinate system is not its image's: warp it to the image's"
    a, b, c, d, e, f = image["transform"]
    pixel = max(np.hypot(a, d), np.hypot(b, e))
    corners = [(0, 0), (image["width"], 0), (0, image["height"]), (image["width"], image["height"])]
    off = max(
        float(np.hypot((a - A) * x + (b - B) * y + c - C, (d - D) * x + (e - E) * y + f - F)) / pixel
        for x, y in corners
        for A, B, C, D, E, F in [mask["transform"]]
    )
    return (
        f"it lies up to {off:.1f} pixels beside its image on the map: warp it to the image's grid" if off > OFF else ""
    )


def read_numbers(path: Path, bands: tuple[int, ...]) -> np.ndarray:
    """The chosen bands (h, w, 1 or 3) of the file or of the asked window, as stored; 0 where nodata leaves a pixel out."""
    with open_geo(path) as file:
        return numbers_in(file, bands, checked_window(file))


def read_geo_image(
    path: Path, bands: tuple[int, ...], given: tuple[float, float] | None, bits: tuple[float, float] | None
) -> UInt8[np.ndarray, "h w 3"]:
    """An image in 8 bits: by the `given` range, or 16-bit whole numbers by that of the bits that the set uses."""
    numbers = read_numbers(path, bands)
    if not given and numbers.dtype.kind in "ui" and numbers.dtype != np.uint8:
        given = bits
    return np.ascontiguousarray(scaled(numbers, given))


def read_geo_ids(path: Path, colours: dict[int, int] | None, void_nodata: bool, like: Path) -> Int32[np.ndarray, "h w"]:
    """The ids of a mask; OUTSIDE where the image or the mask itself has no data."""
    window = None
    if path.suffix.lower() not in TIFFS:
        with asking(None):
            ids = read_ids(path, colours, like)
    else:
        with open_geo(path) as file:
            stored = file.count == 1 and not colours
            if stored:
                window = checked_window(file)
                ids = whole_numbers(np.nan_to_num(read_bands(file, 1, window), nan=OUTSIDE))
        if not stored:
            with asking(None):
                ids = read_ids(path, colours)
        if void_nodata:
            ids = np.where(left_out(path, window), OUTSIDE, ids)
    empty = left_out(like, window)
    if empty.shape == ids.shape:  # other sizes are reported by the checks
        ids = np.where(empty, OUTSIDE, ids)
    return ids.astype(np.int32)


def bit_range(images: list[Path], bands: tuple[int, ...]) -> tuple[tuple[float, float] | None, list[str]]:
    """Black and white of 16-bit images, and the note that says so."""
    most, count = 0, 0
    for path in images:
        try:
            highest = largest_number(path, bands)
        except ValueError:
            continue  # reported where the image is read
        if 0 <= highest < 1 << 16:
            most, count = max(most, highest), count + 1
    if not count:
        return None, []
    white = (1 << next(bits for bits in BITS if most < 1 << bits)) - 1
    note = f"{count} images of 16 bits use values up to {most}: 0 is black and {white} white (ingest.image_range changes it)"
    return (0.0, float(white)), [note]


def bands_note(images: dict[str, Path], bands: tuple[int, ...]) -> list[str]:
    """Which bands of the first image are shown."""
    for path in images.values():
        try:
            with open_geo(path) as file:
                chosen = chosen_bands(file, bands)
                if file.count > len(chosen):
                    return [
                        f"bands {', '.join(map(str, chosen))} of {file.count} are shown (ingest.format.geotiff.bands)"
                    ]
                return []
        except ValueError:
            continue
    return []
