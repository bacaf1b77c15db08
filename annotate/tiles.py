"""Pieces of images, label maps and superpixels as PNG, at a power of two of the full size: what a window shows and no more.

PNG, not JPEG: what is judged are the pixels themselves. Labels and superpixels are ids, so of a smaller map every 2^level-th pixel is
taken, never a mean. Decoded maps are kept up to a number of bytes, whatever the number of images.
"""

from collections import OrderedDict
from collections.abc import Callable
from io import BytesIO
from math import ceil, log2
from threading import BoundedSemaphore, Lock

import numpy as np
from PIL import Image

from annotate.workspace import Picture, Workspace
from segmend.images.dataset import Labels
from segmend.images.rasters import NO_REGION, UNLABELLED, VOID, Maps, palette

SIDE = 512  # pixels of a tile
KEPT = 192 * 1024**2  # bytes of decoded maps
UNNAMED = {UNLABELLED: 90, VOID: 150}  # how opaque labels that are no class are drawn, 0..255


class Recent:
    """The maps used last, up to a number of bytes."""

    def __init__(self, limit: int = KEPT):
        self.limit, self.size = limit, 0
        self._kept: OrderedDict[tuple[str, ...], np.ndarray] = OrderedDict()
        self._guard, self._decoding = Lock(), BoundedSemaphore(2)  # so many maps are decoded at a time

    def get(self, name: tuple[str, ...], make: Callable[[], np.ndarray]) -> np.ndarray:
        with self._guard:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        with self._decoding:
            with self._guard:
                if name in self._kept:
                    return self._kept[name]
            made = make()
        with self._guard:
            if name not in self._kept:
                self._kept[name] = made
                self.size += made.nbytes
            while self.size > self.limit and len(self._kept) > 1:
                self.size -= self._kept.popitem(last=False)[1].nbytes
        return made


class Tiles:
    """The tiles of a workspace; `column` and `row` count tiles at that level."""

    def __init__(self, workspace: Workspace):
        self.workspace, self.recent = workspace, Recent()
        card = workspace.dataset.card
        self._palette = palette(card.palette)
        alphas = np.zeros(256, np.uint8)
        alphas[: len(card.classes)] = 255
        alphas[list(UNNAMED)] = list(UNNAMED.values())
        self._alphas = alphas.tobytes()

    def image(self, picture: Picture, level: int, column: int, row: int) -> bytes:
        dataset, identifier = self.workspace.dataset, picture.sample.id
        pixels = self.recent.get(("image", identifier), lambda: dataset.image(identifier))
        part = Image.fromarray(np.ascontiguousarray(cut(pixels, picture, level, column, row)))
        return png(part.reduce(2**level) if level else part)

    def labels(self, picture: Picture, name: str, version: str, level: int, column: int, row: int) -> bytes:
        """Class ids as a palette PNG in the classes' colours."""
        folder, identifier = Labels(self.workspace.labels(name)), picture.sample.id
        ids = self.recent.get(("labels", name, version, identifier), lambda: folder[identifier])
        part = Image.fromarray(cut(ids, picture, level, column, row)[:: 2**level, :: 2**level].copy())
        part.putpalette(self._palette)
        return png(part, transparency=self._alphas)

    def cells(self, picture: Picture, level: int, column: int, row: int) -> bytes:
        """Superpixels: id + 1 in red, green, blue, the red bits highest; 0 outside the valid area."""
        identifier, folder = picture.sample.id, self.workspace.path("regions")
        ids = self.recent.get(("cells", identifier), lambda: Maps(folder)[identifier].astype(np.int32))
        part = cut(ids, picture, level, column, row)[:: 2**level, :: 2**level].astype(np.int64) - NO_REGION
        return png(Image.fromarray(np.stack([part >> 16, part >> 8, part], axis=-1).astype(np.uint8)))


def levels(height: int, width: int) -> int:
    """How many sizes an image has: at the last one it is a single tile."""
    return 1 + max(0, ceil(log2(max(height, width) / SIDE)))


def cut(pixels: np.ndarray, picture: Picture, level: int, column: int, row: int) -> np.ndarray:
    """The full-size pixels of a tile; ValueError where there is no such tile."""
    side, sample = SIDE << min(level, 16), picture.sample
    if not (0 <= level < levels(sample.height, sample.width) and 0 <= column * side < sample.width):
        raise ValueError("there is no such tile")
    if not 0 <= row * side < sample.height:
        raise ValueError("there is no such tile")
    return pixels[row * side : (row + 1) * side, column * side : (column + 1) * side]


def png(part: Image.Image, **how: bytes) -> bytes:
    buffer = BytesIO()
    part.save(buffer, format="PNG", compress_level=1, **how)
    return buffer.getvalue()
