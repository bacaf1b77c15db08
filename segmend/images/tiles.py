"""Large images as tiles: where an image is cut, which tile owns which pixel, and putting whole images together again.

Tiles of one image have equal size and overlap by at least the wanted number of pixels. Every pixel is owned by one tile:
an overlap is shared out at its middle, so that a pixel belongs to the tile whose border is further away. Beyond what it
owns a tile shows pixels of the image (context for the network), and its labels are void there: each pixel is trained on,
asked about and counted once.

    dataset/tiles.json    {id of the whole image: {height, width, source, labelled, tiles: [[id, window, own], ...]}}

A window and an owned box are [top, left, bottom, right] in pixels of the whole image, the last two exclusive.
"""

from collections.abc import Callable
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Shaped

TABLE = "tiles.json"


class Box(NamedTuple):
    """A rectangle of pixels: rows top to bottom, columns left to right, the ends exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def seen_from(self, window: "Box") -> "Box":
        """The same pixels, counted from the corner of a window."""
        return Box(self.top - window.top, self.left - window.left, self.bottom - window.top, self.right - window.left)


class Tile(NamedTuple):
    """One tile of an image: the pixels it shows, and of these the pixels it owns."""

    id: str
    window: Box
    own: Box

    @property
    def inner(self) -> tuple[slice, slice]:
        """The owned pixels of an array of the tile's own size."""
        return self.own.seen_from(self.window).slices

    def owned(self) -> Bool[np.ndarray, "h w"]:
        """True where the tile owns the pixel."""
        area = np.zeros(self.window.shape, bool)
        area[self.inner] = True
        return area


class WholeImage(NamedTuple):
    """An image that was cut, as tiles.json tells."""

    id: str
    height: int
    width: int
    source: str  # the file
    labelled: bool  # whether a mask was given
    tiles: tuple[Tile, ...]


def cut_side(length: int, tile: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Along one side: (start, end, own start, own end) of each tile. Raises ValueError for an overlap above half a tile."""
    if overlap < 0 or 2 * overlap > tile:
        raise ValueError(f"an overlap of {overlap} pixels does not suit tiles of {tile}: 0 to half a tile is allowed")
    if length <= tile:
        return [(0, length, 0, length)]
    count = -((overlap - length) // (tile - overlap))  # (length - overlap) / (tile - overlap), rounded up
    starts = [k * (length - tile) // (count - 1) for k in range(count)]
    middles = [(before + tile + after) // 2 for before, after in zip(starts, starts[1:], strict=False)]
    return [
        (start, start + tile, own, end)
        for start, own, end in zip(starts, [0, *middles], [*middles, length], strict=True)
    ]


def cut(identifier: str, height: int, width: int, tile: int, overlap: int) -> tuple[Tile, ...]:
    """The tiles of an image of this size, row by row, named `<id>/r<row>_c<column>`; none where both sides are within `tile`."""
    if max(height, width) <= tile:
        return ()
    return tuple(
        Tile(f"{identifier}/r{row}_c{column}", Box(top, left, bottom, right), Box(own_top, own_left, own_bottom, own_right))
        for row, (top, bottom, own_top, own_bottom) in enumerate(cut_side(height, tile, overlap))
        for column, (left, right, own_left, own_right) in enumerate(cut_side(width, tile, overlap))
    )  # fmt: skip


def put_together(
    whole: WholeImage, read: Callable[[str], Shaped[np.ndarray, "h w *channels"]]
) -> Shaped[np.ndarray, "height width *channels"]:
    """The whole image, label map or other map: every pixel as the tile that owns it has it. `read(tile's id)` gives a tile."""
    picture: np.ndarray | None = None
    for tile in whole.tiles:
        array = read(tile.id)
        if array.shape[:2] != tile.window.shape:
            raise ValueError(f"{tile.id} is {array.shape[:2]} pixels, and {TABLE} says {tile.window.shape}: run ingest")
        if picture is None:
            picture = np.zeros((whole.height, whole.width, *array.shape[2:]), array.dtype)
        picture[tile.own.slices] = array[tile.inner]
    assert picture is not None, "an image has at least one tile"
    return picture


def write_tiles(folder: Path, wholes: list[WholeImage]) -> None:
    """tiles.json, sorted by id; no file where no image was cut."""
    if not wholes:
        return
    table = {
        whole.id: whole._asdict() | {"tiles": [[tile.id, [*tile.window], [*tile.own]] for tile in whole.tiles]}
        for whole in sorted(wholes)
    }
    for entry in table.values():
        del entry["id"]
    (folder / TABLE).write_text(dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_tiles(folder: Path) -> dict[str, WholeImage]:
    """The images that ingest cut, by id; empty where it cut none."""
    path = folder / TABLE
    if not path.is_file():
        return {}
    return {
        name: WholeImage(
            name, entry["height"], entry["width"], entry["source"], entry["labelled"],
            tuple(Tile(tile, Box(*window), Box(*own)) for tile, window, own in entry["tiles"]),
        )
        for name, entry in loads(path.read_text(encoding="utf-8")).items()
    }  # fmt: skip
