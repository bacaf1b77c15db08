"""Label maps and region maps survive the disk, byte for byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segmend.images import rasters


def test_label_maps_come_back(tmp_path):
    labels = np.array([[0, 1, 2], [254, 255, 0]], np.uint8)
    rasters.write_labels(tmp_path / "a/b.png", labels, rasters.default_colours(3))
    assert np.array_equal(rasters.read_labels(tmp_path / "a/b.png"), labels)
    with Image.open(tmp_path / "a/b.png") as picture:  # any viewer shows the classes' colours
        assert picture.convert("RGB").getpixel((1, 0)) == (128, 0, 0)


def test_equal_label_maps_are_equal_bytes(tmp_path):
    labels = np.random.default_rng(0).integers(0, 4, (40, 30)).astype(np.uint8)
    for name in ("first", "second"):
        rasters.write_labels(tmp_path / f"{name}.png", labels, rasters.default_colours(4))
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_a_colour_picture_is_no_label_map(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png is not a label map: its mode is RGB"):
        rasters.read_labels(tmp_path / "a.png")


def test_default_colours_are_those_of_voc():
    assert rasters.default_colours(5) == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]
    assert len({tuple(colour) for colour in rasters.default_colours(254)}) == 254


@pytest.mark.parametrize("images", [1, 31, 32, 100])
def test_packed_maps_come_back(tmp_path, images):
    random = np.random.default_rng(images)
    maps = {f"folder/{k:03d}": random.integers(-1, 2000, (7, 5)).astype(np.int32) for k in range(images)}
    rasters.write_maps(tmp_path / "maps", maps.items(), images)
    found = rasters.Maps(tmp_path / "maps")
    assert sorted(found) == sorted(maps)
    assert all(np.array_equal(found[key], value) for key, value in maps.items())


def test_packed_maps_are_equal_bytes_and_a_new_image_touches_one_shard(tmp_path):
    maps = {f"{k:03d}": np.full((3, 3), k, np.int32) for k in range(70)}
    rasters.write_maps(tmp_path / "a", maps.items(), len(maps))
    rasters.write_maps(tmp_path / "b", maps.items(), len(maps))
    rasters.write_maps(tmp_path / "c", [*maps.items(), ("new", np.zeros((2, 2), np.int32))], len(maps) + 1)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert len(names) == 4
    read = {folder: [(tmp_path / folder / name).read_bytes() for name in names] for folder in "abc"}
    assert read["a"] == read["b"]
    assert sum(one != other for one, other in zip(read["a"], read["c"], strict=True)) == 1


@given(st.integers(0, 10**6), st.integers(0, 12))
def test_every_image_has_one_shard(number, power):
    assert 0 <= rasters.shard_of(str(number), 2**power) < 2**power


def test_missing_maps_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no packed maps"):
        rasters.Maps(tmp_path)


def test_packed_members_are_those_that_zipfile_writes(tmp_path):
    """Byte by byte, so that what is kept ready and what is packed now are one."""
    from io import BytesIO
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    maps = {f"ä/{k}": np.arange(40 * k, dtype=np.int32).reshape(k, 40) for k in (0, 1, 7)}
    rasters.write_maps(tmp_path / "maps", ((name, rasters.pack(array)) for name, array in maps.items()), 1)
    with ZipFile(tmp_path / "expected.npz", "w", ZIP_DEFLATED, compresslevel=4) as archive:
        for name, array in maps.items():
            buffer = BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            member = ZipInfo(f"{name}.npy")
            member.compress_type = ZIP_DEFLATED
            archive.writestr(member, buffer.getvalue(), compresslevel=4)
    assert (tmp_path / "maps/0.npz").read_bytes() == (tmp_path / "expected.npz").read_bytes()
