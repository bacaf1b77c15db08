"""Cut and put together gives the same bytes, for all sizes, tiles and overlaps; every pixel is owned once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmend.images.tiles import Tile, WholeImage, cut, cut_side, put_together, read_tiles, write_tiles


@st.composite
def cuts(draw):
    """A size, a tile and an overlap that suit each other."""
    tile = draw(st.integers(2, 40))
    return draw(st.integers(1, 120)), draw(st.integers(1, 120)), tile, draw(st.integers(0, tile // 2))


def whole_of(height: int, width: int, tiles: tuple[Tile, ...]) -> WholeImage:
    return WholeImage("town/a", height, width, "images/town/a.tif", True, tiles)


@settings(deadline=None, max_examples=100)
@given(cuts(), st.integers(0, 2**16))
def test_cut_and_put_together_gives_the_same_bytes(sides, seed):
    height, width, tile, overlap = sides
    tiles = cut("town/a", height, width, tile, overlap)
    if max(height, width) <= tile:
        assert tiles == ()
        return
    rng = np.random.default_rng(seed)
    for array in (rng.integers(256, size=(height, width, 3), dtype=np.uint8), rng.integers(9999, size=(height, width))):
        parts = {part.id: array[part.window.slices] for part in tiles}
        again = put_together(whole_of(height, width, tiles), parts.__getitem__)
        assert again.dtype == array.dtype and np.array_equal(again, array)


@settings(deadline=None, max_examples=100)
@given(cuts())
def test_every_pixel_is_owned_by_one_tile_that_shows_it(sides):
    height, width, tile, overlap = sides
    owners = np.zeros((height, width), int)
    for part in cut("a", height, width, tile, overlap):
        owners[part.window.slices][part.owned()] += 1
        assert part.window.shape == (min(tile, height), min(tile, width)) and part.owned().any()
        for start, end, own, own_end in zip(part.window[:2], part.window[2:], part.own[:2], part.own[2:], strict=True):
            assert start <= own < own_end <= end
    assert max(height, width) <= tile or (owners == 1).all()


@settings(deadline=None, max_examples=100)
@given(cuts())
def test_neighbours_overlap_by_the_wanted_pixels_and_no_tile_is_superfluous(sides):
    length, _, tile, overlap = sides
    parts = cut_side(length, tile, overlap)
    assert all(before[1] - after[0] >= overlap for before, after in zip(parts, parts[1:], strict=False))
    assert len(parts) == 1 or (len(parts) - 1) * (tile - overlap) + overlap < length


def test_by_hand():
    """Ten columns, tiles of six that overlap by two: 0-6 and 4-10, shared out at column 5."""
    assert cut_side(10, 6, 2) == [(0, 6, 0, 5), (4, 10, 5, 10)]
    assert [tile.id for tile in cut("x", 4, 10, 6, 2)] == ["x/r0_c0", "x/r0_c1"]
    with pytest.raises(ValueError, match="half a tile"):
        cut_side(10, 6, 4)


def test_the_table_comes_back(tmp_path):
    assert read_tiles(tmp_path) == {}
    write_tiles(tmp_path, [])
    assert not (tmp_path / "tiles.json").exists()
    whole = whole_of(50, 70, cut("town/a", 50, 70, 32, 8))
    write_tiles(tmp_path, [whole])
    assert read_tiles(tmp_path) == {"town/a": whole}


def test_a_tile_of_another_size_is_refused():
    tiles = cut("a", 50, 70, 32, 8)
    with pytest.raises(ValueError, match=r"a/r0_c0 is \(3, 3\) pixels"):
        put_together(whole_of(50, 70, tiles), lambda _: np.zeros((3, 3), np.uint8))
