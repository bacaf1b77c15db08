"""Picture files of every common kind, read as an 8-bit RGB image or as a map of ids.

PNG, JPEG, TIFF and BMP; 1, 8 and 16 bits; grey, grey with alpha, palette, RGB, RGBA, CMYK. Alpha is left out (the stored
colours stay). A TIFF of 16 or 32 bits that Pillow cannot open is read with tifffile, a 16-bit colour PNG with OpenCV.

EXIF rotation: an image is turned upright. A mask is turned by its own tag; one without a tag is turned like its image if
it has the size in which the image is stored (it was drawn on the stored pixels), else it is taken as upright already.
"""

from pathlib import Path
from struct import error as StructError

import numpy as np
from jaxtyping import Int32, UInt8
from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"})
ORIENTATION = 0x0112  # the EXIF tag
UNREADABLE = (OSError, SyntaxError, StructError, Image.DecompressionBombError)  # what Pillow raises for broken files


def pictures_in(folder: Path) -> list[Path]:
    """All picture files under a folder, sorted; hidden files are not pictures."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def read_picture(path: Path, value_range: tuple[float, float] | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """An image as 8-bit RGB, upright.

    Values of 16-bit images from `value_range` (default: 0 to 65535) become 0 to 255, clipped; 8-bit images are taken as
    they are. Float and 32-bit images need a range. Raises ValueError for what cannot be read.
    """
    if only_tifffile(path):
        return scaled(tiff(path), value_range)
    with opened(path) as picture:
        many_bits = deep(picture)  # asked first: loading forgets it
        turn = orientation(path, picture)
        array = scaled(samples(path, picture), value_range) if many_bits else np.asarray(loaded(picture).convert("RGB"))
    return np.ascontiguousarray(turned(array, turn))


def read_ids(path: Path, colours: dict[int, int] | None = None, like: Path | None = None) -> Int32[np.ndarray, "h w"]:
    """A mask as a map of the ids in the file.

    Grey and palette files: the stored values. Colour files: ids through `colours` (0xRRGGBB -> id; palette files too
    when it is given); a colour that is not in it becomes -1 - 0xRRGGBB. `like` is the image the mask belongs to.
    Raises ValueError for what cannot be read, and for a colour picture without `colours`.
    """
    if only_tifffile(path):
        return whole_numbers(tiff(path))
    with opened(path) as picture:
        turn = orientation(path, picture)
        if picture.mode in ("I;16", "I;16B", "I;16L", "I"):
            array = whole_numbers(samples(path, picture))
        elif picture.mode in ("1", "L", "LA") or (picture.mode == "P" and not colours):
            array = np.asarray(loaded(picture).getchannel(0) if picture.mode == "LA" else loaded(picture)).astype(
                np.int32
            )
        elif picture.mode in ("P", "RGB", "RGBA", "PA"):
            array = by_colour(np.asarray(loaded(picture).convert("RGB")), colours)
        else:
            raise ValueError(f"its pixel mode {picture.mode} is not one for ids: save the mask as an 8-bit grey PNG")
    return turned_like(array, like) if like is not None and turn == 1 else np.ascontiguousarray(turned(array, turn))


def turned_like(array: np.ndarray, image: Path) -> np.ndarray:
    """A mask without an EXIF tag, turned like its image if it has the size in which the image is stored."""
    try:
        with opened(image) as picture:
            same = picture.size == (array.shape[1], array.shape[0])
            return np.ascontiguousarray(turned(array, orientation(image, picture))) if same else array
    except ValueError:
        return array  # an image that cannot be opened is reported where it is read


def by_colour(rgb: UInt8[np.ndarray, "h w 3"], colours: dict[int, int] | None) -> Int32[np.ndarray, "h w"]:
    """Ids of a colour mask; without a table only a picture whose three channels are equal has ids."""
    wide = rgb.astype(np.int32)
    packed = (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]
    if not colours:
        if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all():
            return wide[..., 0]
        raise ValueError(
            "it is a colour picture, and no palette says which colour is which class: add palette.csv with the columns "
            "name,r,g,b to the folder, or save masks as grey PNG whose values are class ids"
        )
    known = np.array(sorted(colours), np.int32)
    place = np.minimum(np.searchsorted(known, packed), len(known) - 1)
    values = np.array([colours[colour] for colour in known.tolist()], np.int32)
    return np.where(known[place] == packed, values[place], -1 - packed).astype(np.int32)


def describe_id(value: int) -> str:
    """An id of a file in words: a number, or a colour for the negative ids of `read_ids`."""
    if value >= 0:
        return f"id {value}"
    packed = -1 - value
    return f"colour {packed >> 16},{(packed >> 8) & 255},{packed & 255}"


def opened(path: Path) -> Image.Image:
    """An open picture of one page; ValueError names what is wrong with the file."""
    if not path.is_file():
        raise ValueError("the file is missing")
    try:
        picture = Image.open(path)
    except UNREADABLE as trouble:
        raise ValueError(f"it cannot be read as a picture ({first_line(trouble)}): replace or remove it") from None
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
        picture.close()
        raise ValueError("it holds several pages: save one picture a file")
    return picture


def only_tifffile(path: Path) -> bool:
    """True for a TIFF that Pillow does not know (16-bit colour, 64-bit ids)."""
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return False
    try:
        Image.open(path).close()
    except UNREADABLE:
        return True
    return False


def orientation(path: Path, picture: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none."""
    if picture.format == "PNG" and not any(mark in path.read_bytes() for mark in (b"eXIf", b"Raw profile type")):
        return 1  # Pillow would decode all pixels to find out
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except UNREADABLE as trouble:
        raise ValueError(f"it cannot be read as a picture ({first_line(trouble)}): replace or remove it") from None


def loaded(picture: Image.Image) -> Image.Image:
    try:
        picture.load()
    except UNREADABLE as trouble:
        raise ValueError(f"it cannot be read as a picture ({first_line(trouble)}): replace or remove it") from None
    return picture


def deep(picture: Image.Image) -> bool:
    """More than 8 bits a channel. Pillow opens a 16-bit colour PNG as RGB and keeps the high bytes only."""
    tiles = getattr(picture, "tile", None)  # how the file's bytes are packed
    return picture.mode.startswith(("I", "F")) or bool(tiles and "16" in str(tiles[0][3]))


def samples(path: Path, picture: Image.Image) -> np.ndarray:
    """The stored numbers of a deep picture: (h, w) or (h, w, c)."""
    if picture.format == "TIFF":
        return tiff(path)
    if picture.mode.startswith(("I", "F")):
        return np.asarray(loaded(picture))
    from cv2 import IMREAD_UNCHANGED, imread  # the only reader at hand that keeps 16 bits of colour PNGs

    array = imread(str(path), IMREAD_UNCHANGED)
    if array is None:
        raise ValueError("it cannot be read as a picture: replace or remove it")
    return array[..., [2, 1, 0]] if array.ndim == 3 else array


def tiff(path: Path) -> np.ndarray:
    from tifffile import TiffFileError, imread

    try:
        array = imread(path)
    except (*UNREADABLE, TiffFileError, ValueError) as trouble:
        raise ValueError(f"it cannot be read as a picture ({first_line(trouble)}): replace or remove it") from None
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[2] not in (3, 4):
        array = np.moveaxis(array, 0, 2)  # channels stored plane by plane
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ValueError(f"its shape is {array.shape}: one grey or colour picture a file is read")
    return array


def whole_numbers(array: np.ndarray) -> Int32[np.ndarray, "h w"]:
    """Stored numbers as ids."""
    if array.ndim != 2 or array.dtype.kind not in "ui":
        raise ValueError(f"its values are {array.dtype} of shape {array.shape}: a mask holds one whole number a pixel")
    return array.astype(np.int32)


def scaled(array: np.ndarray, value_range: tuple[float, float] | None) -> UInt8[np.ndarray, "h w 3"]:
    """Deep values as 8-bit RGB."""
    if value_range is None and array.dtype == np.uint8:
        low, high = 0.0, 255.0
    elif value_range is None and array.dtype in (np.uint16, np.dtype(">u2")):
        low, high = 0.0, 65535.0
    elif value_range is None and array.dtype == np.int32 and array.min() >= 0 and array.max() <= 65535:
        low, high = 0.0, 65535.0  # Pillow's mode I: 16 bits in 32
    elif value_range is None:
        raise ValueError(
            f"its values are {array.dtype} from {array.min():g} to {array.max():g}: say which of them become black and "
            "white, in params.yaml: ingest.image_range: [low, high]"
        )
    else:
        low, high = value_range
    eight = np.clip((array.astype(np.float64) - low) * (255 / (high - low)) + 0.5, 0, 255).astype(np.uint8)
    if eight.ndim == 2:
        eight = eight[..., None]
    return eight[..., :3] if eight.shape[2] >= 3 else np.repeat(eight[..., :1], 3, axis=2)


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
    return TURNS.get(orientation, lambda a: a)(array)


def first_line(trouble: BaseException) -> str:
    """What a library said, without the path that is named anyway."""
    return (str(trouble) or type(trouble).__name__).splitlines()[0].split(" '")[0]
