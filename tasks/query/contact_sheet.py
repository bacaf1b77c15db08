"""A contact sheet of the next queries: each region outlined in its surroundings, without and with the current labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageDraw, ImageFont

from segmend.images.dataset import Card
from segmend.images.overlays import overlaid
from segmend.images.rasters import LabelMap
from segmend.images.regions import outline

SIDE = 168  # pixels of one crop on the sheet
COLUMNS = 4
TEXT = 52  # pixels of the three lines below a crop
GAP = 10
INK, PAPER, LINE = (30, 30, 34), (250, 250, 248), (255, 221, 0)


class View(NamedTuple):
    """What one cell of the sheet shows."""

    title: str
    image: UInt8[np.ndarray, "h w 3"]
    labels: LabelMap
    mask: Bool[np.ndarray, "h w"]
    shown: str | None
    predicted: str


def window(mask: Bool[np.ndarray, "h w"]) -> tuple[slice, slice]:
    """A square around the region, twice its size and 48 pixels at least, kept inside the image where it fits."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    side = max(48, 2 * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1))
    ranges = []
    for ends, length in ((rows, mask.shape[0]), (columns, mask.shape[1])):
        start = int(np.clip((ends[0] + ends[-1] + 1 - side) // 2, 0, max(0, length - side)))
        ranges.append(slice(start, min(length, start + side)))
    return ranges[0], ranges[1]


def crop(picture: UInt8[np.ndarray, "h w 3"], mask: Bool[np.ndarray, "h w"]) -> Image.Image:
    """The region's surroundings at SIDE pixels, the region's border drawn over them."""
    around = window(mask)
    piece, inside = picture[around], mask[around]
    scale = SIDE / max(inside.shape)
    size = (max(1, round(inside.shape[1] * scale)), max(1, round(inside.shape[0] * scale)))
    large = np.array(Image.fromarray(piece).resize(size, Image.Resampling.NEAREST))
    rim = outline(np.array(Image.fromarray(inside).resize(size, Image.Resampling.NEAREST)))
    large[rim] = LINE
    return Image.fromarray(large)


def sheet(views: Sequence[View], card: Card) -> Image.Image:
    """The views in rows of COLUMNS; equal views give equal pictures."""
    width, height = 2 * SIDE + 4, SIDE + TEXT
    rows = -(-max(1, len(views)) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    colours = dict(zip(card.classes, card.colours, strict=True))
    for k, view in enumerate(views):
        left, top = GAP + k % COLUMNS * (width + GAP), GAP + k // COLUMNS * (height + GAP)
        page.paste(crop(view.image, view.mask), (left, top))
        page.paste(crop(overlaid(view.image, view.labels, card), view.mask), (left + SIDE + 4, top))
        draw.text((left, top + SIDE + 2), view.title, INK, font)
        for line, (word, name) in enumerate((("label", view.shown), ("network", view.predicted)), 1):
            y = top + SIDE + 2 + 16 * line
            draw.rectangle((left, y + 3, left + 10, y + 13), colours.get(name or "", (128, 128, 128)), INK)
            draw.text((left + 16, y), f"{word}: {name or 'none yet'}", INK, font)
    return page
