"""Ordinary pictures (PNG, JPEG, ...): a palette PNG with the data set's class ids and colours each."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")


def read(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """8-bit RGB, turned as the camera says. ValueError for what is no picture, or has more than 8 bits a channel."""
    try:
        with Image.open(path) as picture:
            tiles = getattr(picture, "tile", None)
            if picture.mode.startswith(("I", "F")) or (tiles and "16" in str(tiles[0][3])):
                raise ValueError(f"{path} has more than 8 bits a channel: write it as 8 bits, as ingest shows them")
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as trouble:
        raise ValueError(
            f"{path} cannot be read as a picture ({str(trouble).splitlines()[0]}): replace or remove it"
        ) from None
