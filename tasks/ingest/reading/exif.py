"""EXIF rotation: which way a picture is stored, turning it upright, and masks that carry no tag of their own.

A mask without a tag is turned like its image if it has the size in which the image is stored (it was drawn on the stored
pixels), and taken as it is if it has the upright size. Where both sizes are equal (half turns, mirrors, squares) nothing
decides, and the setting ingest.masks_drawn_on is asked for.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tasks.ingest.reading.context import READING, known_head, notice
from tasks.ingest.reading.opening import UNREADABLE, first_line, opened

ORIENTATION = 0x0112  # the EXIF tag
SWAPPED = (5, 6, 7, 8)  # orientations in which rows are columns
TURNS = {  # the eight EXIF orientations
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """The upright picture of stored rows and columns."""
    return np.ascontiguousarray(TURNS.get(orientation, lambda a: a)(array))


def orientation(path: Path, picture: Image.Image, decoded: bool = False) -> int:
    """The EXIF orientation, 1 (upright) where there is none. `decoded`: its pixels were read already."""
    if (
        picture.format == "PNG"
        and not decoded
        and not any(mark in path.read_bytes() for mark in (b"eXIf", b"Raw profile type"))
    ):
        return 1  # Pillow would decode all pixels to find out
    if picture.format in ("BMP", "GIF", "PPM"):
        return 1
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except UNREADABLE as trouble:
        raise ValueError(f"it cannot be read as a picture ({first_line(trouble)}): replace or remove it") from None


def stored_size(path: Path) -> tuple[int, int, int]:
    """Height and width as stored, and the EXIF orientation, from the head of a file."""
    if path.suffix.lower() == ".npy":
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
        return shape[0], shape[1], 1
    with opened(path) as picture:
        return picture.height, picture.width, orientation(path, picture)


def turned_like(array: np.ndarray, image: Path) -> np.ndarray:
    """A mask without an EXIF tag, as it lies on its upright image. Raises ValueError where nothing decides."""
    try:
        height, width, turn = known_head(image) or stored_size(image)
    except ValueError:
        return array  # an image that cannot be opened is reported where it is read
    if turn not in TURNS:
        return array
    if array.shape[:2] not in ((height, width), (width, height)):
        return array  # of another size: reported by the checks
    side = READING.get().masks_drawn_on
    if turn in SWAPPED and height != width:
        side = "stored" if array.shape[:2] == (height, width) else "upright"
    if not side:
        raise ValueError(
            f"EXIF turns its image (orientation {turn}), the mask carries no tag, and their sizes do not tell on which of the two "
            "it was drawn: set ingest.masks_drawn_on to stored (labelled in a tool that ignores EXIF) or upright (as viewers "
            "show the image)"
        )
    notice(f"mask drawn on {side}")
    return turned(array, turn) if side == "stored" else array
