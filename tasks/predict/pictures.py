"""Ordinary pictures (PNG, JPEG, ...): a palette PNG with the data set's class ids and colours each."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.predict import deep

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


def read(path: Path, between: deep.Range | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """8-bit RGB, turned as the camera says. Of more bits the values `between` which are black and white. ValueError for what is no
    picture, and for more bits where these are not given."""
    try:
        with Image.open(path) as picture:
            tiles = getattr(picture, "tile", None)
            if picture.mode.startswith(("I", "F")) or (tiles and "16" in str(tiles[0][3])):
                return deep.read(path, between)
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as trouble:
        raise ValueError(
            f"{path} cannot be read as a picture ({str(trouble).splitlines()[0]}): replace or remove it"
        ) from None
