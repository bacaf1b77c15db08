"""Picture files of every common kind, read as an 8-bit RGB image or as a map of ids.

PNG, JPEG, TIFF, BMP, GIF, WebP, PGM and PPM, JPEG 2000, and NumPy arrays (.npy); 1, 8 and 16 bits; grey, grey with alpha,
palette, RGB, RGBA, CMYK. Alpha of an image is left out (the stored colours stay). A TIFF of 16 or 32 bits that Pillow cannot
open is read with tifffile, a 16-bit colour PNG with OpenCV. EXIF rotation: exif.py. Limit of pixels: context.py.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Int32, UInt8
from PIL import Image

from tasks.ingest.reading.context import known_head, notice, remember_head
from tasks.ingest.reading.deep_images import deep, numbers_of_npy, only_tifffile, samples, scaled, tiff
from tasks.ingest.reading.exif import orientation, stored_size, turned, turned_like
from tasks.ingest.reading.file_windows import window_of_file
from tasks.ingest.reading.opening import loaded, opened
from tasks.ingest.reading.windows import WINDOW, reading_without_limit

GREY_ENOUGH = 40  # largest difference of channels of a black-and-white picture; JPEG smears a little colour


def read_picture(path: Path, value_range: tuple[float, float] | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """An image as 8-bit RGB, upright.

    Values of 16-bit images from `value_range` (default: the bits that the data set uses) become 0 to 255, clipped; 8-bit
    images are taken as they are. Float and 32-bit images need a range. Raises ValueError for what cannot be read.
    """
    part = window_of_file(path, ("grey", "rgb"))
    if part is not None:
        return np.ascontiguousarray(scaled(part, value_range))
    if path.suffix.lower() == ".npy":
        return np.ascontiguousarray(scaled(numbers_of_npy(path), value_range))
    if only_tifffile(path):
        return np.ascontiguousarray(scaled(tiff(path), value_range))
    with opened(path) as picture:
        many_bits = deep(picture)  # asked first: loading forgets it
        array = scaled(samples(path, picture), value_range) if many_bits else as_rgb(loaded(picture))
        turn = orientation(path, picture, decoded=not many_bits)
        remember_head(path, (picture.height, picture.width, turn))
        if turn != 1:
            notice("image turned")
    return turned(array, turn)


def read_ids(path: Path, colours: dict[int, int] | None = None, like: Path | None = None) -> Int32[np.ndarray, "h w"]:
    """A mask as a map of the ids in the file.

    Grey and palette files: the stored values. Colour files: ids through `colours` (0xRRGGBB -> id; palette files too
    when it is given); a colour that is not in it becomes -1 - 0xRRGGBB. `like` is the image the mask belongs to.
    Raises ValueError for what cannot be read, for a colour picture without `colours`, and for objects that only the alpha
    channel tells apart.
    """
    part = window_of_file(path, ("grey", "rgb") if colours else ("grey", "palette")) if upright(like) else None
    if part is not None:
        return (
            by_colour(part, colours) if colours and part.ndim == 3 and part.dtype == np.uint8 else whole_numbers(part)
        )
    turn = 1
    if path.suffix.lower() == ".npy":
        array = whole_numbers(numbers_of_npy(path))
    elif only_tifffile(path):
        array = whole_numbers(tiff(path))
    else:
        with opened(path) as picture:
            array = ids_in(path, picture, colours)
            turn = orientation(path, picture, decoded=not deep(picture))
    return turned_like(array, like) if like is not None and turn == 1 else turned(array, turn)


def upright(image: Path | None) -> bool:
    """Whether EXIF leaves the image of a mask as it is stored, so that a window of the one is a window of the other."""
    if image is None or WINDOW.get() is None:
        return True
    with reading_without_limit():
        try:
            return (known_head(image) or stored_size(image))[2] == 1
        except ValueError:
            return True  # a kind that Pillow does not know, which is never turned


def as_rgb(picture: Image.Image) -> UInt8[np.ndarray, "h w 3"]:
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def ids_in(path: Path, picture: Image.Image, colours: dict[int, int] | None) -> Int32[np.ndarray, "h w"]:
    if picture.mode in ("I;16", "I;16B", "I;16L", "I"):
        return whole_numbers(samples(path, picture))
    if picture.mode in ("1", "L") or (picture.mode == "P" and not colours):
        return np.asarray(loaded(picture)).astype(np.int32)
    if picture.mode == "LA":
        grey, alpha = np.moveaxis(np.asarray(loaded(picture)), 2, 0)
        refuse_alpha(grey.astype(np.int32), alpha)
        return grey.astype(np.int32)
    if picture.mode in ("P", "RGB", "RGBA", "PA"):
        picture = loaded(picture)
        rgb = np.asarray(picture.convert("RGB"))
        if picture.mode in ("RGBA", "PA"):
            refuse_alpha(packed(rgb), np.asarray(picture.getchannel("A")))
        return by_colour(rgb, colours)
    raise ValueError(f"its pixel mode {picture.mode} is not one for ids: save the mask as an 8-bit grey PNG")


def read_white(path: Path, threshold: int, like: Path | None = None) -> Int32[np.ndarray, "h w"]:
    """A black-and-white mask: 1 where the mean of the channels is above `threshold`, else 0 (h, w).

    Raises ValueError for a picture in colour, and for one whose objects only the alpha channel tells apart.
    """
    turn, alpha = 1, None
    if path.suffix.lower() == ".npy":
        rgb = scaled(numbers_of_npy(path), None)
    elif only_tifffile(path):
        rgb = scaled(tiff(path), None)
    else:
        with opened(path) as picture:
            turn = orientation(path, picture)
            if deep(picture):
                rgb = scaled(samples(path, picture), None)
            else:
                picture = loaded(picture)
                rgb = np.asarray(picture.convert("RGB"))
                alpha = np.asarray(picture.getchannel("A")) if picture.mode in ("RGBA", "LA", "PA") else None
    if alpha is not None:
        refuse_alpha((rgb.mean(axis=2) > threshold).astype(np.int32), alpha)
    spread = int((rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)).max(initial=0))
    if spread > GREY_ENOUGH:
        raise ValueError(
            f"it is a colour picture ({told(colours_of(rgb))}), not black and white: name its colours in palette.csv with the "
            "columns name,r,g,b and choose the format folders, or save it in black and white"
        )
    array = (rgb.mean(axis=2) > threshold).astype(np.int32)
    return turned_like(array, like) if like is not None and turn == 1 else turned(array, turn)


def refuse_alpha(ids: np.ndarray, alpha: np.ndarray) -> None:
    """Raises ValueError where pixels of one id differ in alpha: the objects, or their edges, are in that channel alone."""
    lowest, highest = int(alpha.min(initial=255)), int(alpha.max(initial=0))
    if lowest == highest:
        return
    for value in np.unique(ids)[:300].tolist():
        own = alpha[ids == value]
        if own.min() != own.max():
            raise ValueError(
                "its objects are in the alpha channel: pixels of one colour have alpha from "
                f"{own.min()} to {own.max()}, and alpha is not read; save that channel as a grey PNG whose values are class ids"
            )


def packed(rgb: UInt8[np.ndarray, "h w 3"]) -> Int32[np.ndarray, "h w"]:
    """Colours as 0xRRGGBB."""
    wide = rgb.astype(np.int32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def by_colour(rgb: UInt8[np.ndarray, "h w 3"], colours: dict[int, int] | None) -> Int32[np.ndarray, "h w"]:
    """Ids of a colour mask; without a table only a picture whose three channels are equal has ids."""
    if not colours:
        if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all():
            return rgb[..., 0].astype(np.int32)
        raise ValueError(
            f"it is a colour picture ({told(colours_of(rgb))}), and no palette says which colour is which class: add palette.csv "
            "with the columns name,r,g,b to the folder, or save masks as grey PNG whose values are class ids"
        )
    values = packed(rgb)
    known = np.array(sorted(colours), np.int32)
    nearest = np.minimum(np.searchsorted(known, values), len(known) - 1)
    ids = np.array([colours[colour] for colour in known.tolist()], np.int32)
    return np.where(known[nearest] == values, ids[nearest], -1 - values).astype(np.int32)


def colours_of(rgb: UInt8[np.ndarray, "h w 3"]) -> list[int]:
    """The most frequent colours, as the negative ids of `read_ids`."""
    values, counts = np.unique(packed(rgb), return_counts=True)
    return (-1 - values[np.argsort(-counts, kind="stable")]).tolist()


def told(colours: list[int]) -> str:
    more = f" and {len(colours) - 4} more colours" if len(colours) > 4 else ""
    return ", ".join(describe_id(colour).removeprefix("colour ") for colour in colours[:4]) + more


def describe_id(value: int) -> str:
    """An id of a file in words: a number, or a colour for the negative ids of `read_ids`."""
    if value >= 0:
        return f"id {value}"
    colour = -1 - value
    return f"colour {colour >> 16},{(colour >> 8) & 255},{colour & 255}"


def whole_numbers(array: np.ndarray) -> Int32[np.ndarray, "h w"]:
    """Stored numbers as ids."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    whole = array.dtype.kind in "ui" or (array.dtype.kind == "f" and bool((array == np.floor(array)).all()))
    if array.ndim != 2 or not whole:
        raise ValueError(f"its values are {array.dtype} of shape {array.shape}: a mask holds one whole number a pixel")
    if array.size and not (array.min() >= -(2**31) and array.max() < 2**31):
        raise ValueError(f"its ids go from {array.min()} to {array.max()}: ids up to 65,535 are read")
    return array.astype(np.int32)
