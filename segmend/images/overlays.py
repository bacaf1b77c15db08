"""Small pictures of images, label maps and uncertainty, as arrays, as PNG bytes and as data URIs; equal input gives equal bytes."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from segmend.images.dataset import Card
from segmend.images.rasters import LabelMap, palette

Picture = UInt8[np.ndarray, "h w 3"]

# Dark to light with even steps in lightness, so that it reads in grey too: sure (0) is dark, unsure (1) is light.
HEAT = np.array([(9, 8, 28), (72, 22, 92), (155, 42, 90), (222, 82, 58), (250, 156, 52), (252, 235, 160)], float)


def coloured(labels: LabelMap, card: Card) -> Picture:
    """A label map in the classes' colours (grey: unlabelled, near-white: void)."""
    return np.array(palette(card.palette), np.uint8).reshape(256, 3)[labels]


def overlaid(image: Picture, labels: LabelMap, card: Card, opacity: float = 0.6) -> Picture:
    """The classes' colours over the image's brightness, so that both stay readable."""
    grey = image.mean(2, keepdims=True)
    return ((1 - opacity) * grey + opacity * coloured(labels, card)).round().astype(np.uint8)


def marked(image: Picture, marks: dict[tuple[int, int, int], np.ndarray]) -> Picture:
    """The dimmed grey image with each boolean (h, w) mask painted in its colour, full strength."""
    picture = (64 + 0.35 * image.mean(2, keepdims=True)).astype(np.uint8).repeat(3, axis=2)
    for colour, mask in marks.items():
        picture[mask] = colour
    return picture


def heat(values: Float32[np.ndarray, "h w"]) -> Picture:
    """Numbers from 0 (dark) to 1 (light) as colours."""
    position = np.clip(values, 0, 1) * (len(HEAT) - 1)
    stops = np.arange(len(HEAT))
    return np.stack([np.interp(position, stops, HEAT[:, c]) for c in range(3)], axis=-1).round().astype(np.uint8)


def resized(picture: Picture, width: int, smooth: bool) -> UInt8[np.ndarray, "height width 3"]:
    """The picture at the given width. Labels and marks are resized by nearest pixel (smooth=False), never averaged."""
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    how = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize((width, height), how))


def png(picture: np.ndarray, colours: int = 0) -> bytes:
    """The picture as a PNG file without metadata; `colours` > 0 makes a palette of at most so many colours of it."""
    made = Image.fromarray(picture)
    if colours:
        made = made.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = BytesIO()
    made.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()


class Shot(NamedTuple):
    """One picture: its data URI (none where there is nothing to show), what it shows, its size on the page."""

    uri: str | None
    alt: str
    width: int
    height: int


def shot(picture: Picture | None, alt: str, size: tuple[int, int], smooth: bool = False) -> Shot:
    """The picture at the given (width, height): photographs as JPEG, label maps and marks as PNG."""
    if picture is None:
        return Shot(None, alt, *size)
    small = resized(picture, size[0], smooth)
    if smooth:
        buffer = BytesIO()
        Image.fromarray(small).save(buffer, format="JPEG", quality=80)
        kind, data = "jpeg", buffer.getvalue()
    else:
        kind, data = "png", png(small, colours=64)
    return Shot(f"data:image/{kind};base64,{b64encode(data).decode()}", alt, small.shape[1], small.shape[0])


def size_in(box: int, shape: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of an image of shape (h, w) fitted into a square of `box` pixels."""
    height, width = shape
    scale = box / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def read_grey(path: Path) -> UInt8[np.ndarray, "h w"]:
    """Read an 8-bit grey picture."""
    with Image.open(path) as picture:
        return np.array(picture.convert("L"))
