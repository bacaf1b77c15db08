"""Picture files of every kind, read back to known numbers."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tasks.ingest.reading.context import Reading, reading_as
from tasks.ingest.reading.image_files import describe_id, read_ids, read_picture
from tests.toys import picture, save, stripes


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff"])
def test_lossless_colour_files_come_back_as_they_were(tmp_path, suffix):
    image = picture(0)
    assert (read_picture(save(image, tmp_path / f"a{suffix}")) == image).all()


def test_jpeg_is_read_nearly_as_it_was(tmp_path):
    image = np.repeat(np.repeat(picture(0, (3, 4)), 8, 0), 8, 1)
    read = read_picture(save(image, tmp_path / "a.jpg", quality=95, subsampling=0))
    assert read.shape == image.shape and np.abs(read.astype(int) - image).mean() < 6


def test_grey_alpha_palette_and_one_bit_become_rgb(tmp_path):
    grey = picture(0)[..., 0]
    expected = np.repeat(grey[..., None], 3, 2)
    for name, made in {
        "L": Image.fromarray(grey),
        "LA": Image.fromarray(np.dstack([grey, 255 - grey])),
        "RGBA": Image.fromarray(np.dstack([grey, grey, grey, 255 - grey])),
        "P": Image.fromarray(grey).convert("P"),
    }.items():
        made.save(tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as image:
            assert image.mode == name
        assert (read_picture(tmp_path / f"{name}.png") == expected).all(), name
    Image.fromarray(grey > 127).save(tmp_path / "1.png")
    assert (read_picture(tmp_path / "1.png")[..., 0] == np.where(grey > 127, 255, 0)).all()


def test_sixteen_bits_by_the_full_range_or_a_given_one(tmp_path):
    deep = np.array([[0, 257, 1000], [2000, 40000, 65535]], np.uint16)
    for path in (tmp_path / "a.png", tmp_path / "a.tif"):
        Image.fromarray(deep).save(path)
        assert read_picture(path)[..., 0].tolist() == [[0, 1, 4], [8, 156, 255]]  # v / 257, rounded
        assert read_picture(path, (0.0, 2000.0))[..., 1].tolist() == [[0, 33, 128], [255, 255, 255]]  # v / 2000 * 255


def test_sixteen_bit_colour_keeps_its_low_bytes(tmp_path):
    cv2 = pytest.importorskip("cv2")
    deep = np.random.default_rng(0).integers(0, 65536, (6, 7, 3), dtype=np.uint16)
    expected = np.floor(deep / 257 + 0.5)
    assert cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])  # OpenCV writes blue first
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    assert (read_picture(tmp_path / "a.png") == expected).all()
    assert (read_picture(tmp_path / "a.tif") == expected).all()


def test_float_images_need_a_range(tmp_path):
    Image.fromarray(np.array([[0, 0.5, 1]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"float32 from 0 to 1: say .* ingest.image_range"):
        read_picture(tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif", (0.0, 1.0))[0, :, 0].tolist() == [0, 128, 255]


def test_ids_of_grey_palette_and_sixteen_bit_masks(tmp_path):
    ids = stripes(values=(0, 7, 200))
    assert (read_ids(save(ids, tmp_path / "grey.png")) == ids).all()
    indexed = Image.fromarray(ids)
    indexed.putpalette([255 - k for k in range(256) for _ in range(3)])  # colours that are not the ids
    indexed.save(tmp_path / "palette.png")
    assert (read_ids(tmp_path / "palette.png") == ids).all()
    deep = ids.astype(np.uint16) * 300
    assert (read_ids(save(deep, tmp_path / "deep.png")) == deep).all()
    assert (read_ids(save(np.dstack([ids] * 3), tmp_path / "rgb.png")) == ids).all()  # three equal channels are grey
    assert (read_ids(save(np.dstack([ids, 255 - ids]), tmp_path / "alpha.png")) == ids).all()


def test_colour_masks_by_a_palette(tmp_path):
    table = np.array([(128, 64, 128), (0, 0, 0), (1, 2, 3)], np.uint8)
    path = save(table[stripes()], tmp_path / "a.png")
    read = read_ids(path, {0x804080: 5, 0x000000: 255})
    assert (read == np.array([5, 255, -1 - 0x010203])[stripes()]).all()
    assert describe_id(int(read[0, -1])) == "colour 1,2,3" and describe_id(9) == "id 9"
    with pytest.raises(ValueError, match="no palette says which colour"):
        read_ids(path)


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_rotation_turns_image_and_mask_alike(tmp_path, turn):
    """An image stored turned, its mask (no tag) drawn on the stored pixels: both come out upright."""
    stored = np.zeros((20, 30, 3), np.uint8)
    stored[2:6, 3:9] = 255  # an off-centre patch tells all eight orientations apart
    exif = Image.Exif()
    exif[0x0112] = turn
    image = save(stored, tmp_path / "a.png", exif=exif.tobytes())
    mask = save(stored[..., 0] // 255, tmp_path / "m.png")
    upright = read_picture(image)
    with Image.open(image) as opened:
        from PIL import ImageOps

        assert (upright == np.asarray(ImageOps.exif_transpose(opened))).all()
    if turn in (2, 3, 4):  # both sizes are equal: nothing decides
        with pytest.raises(ValueError, match=r"set ingest.masks_drawn_on to stored .* or upright"):
            read_ids(mask, like=image)
    with reading_as(Reading(masks_drawn_on="stored")):
        assert (read_ids(mask, like=image) == upright[..., 0] // 255).all()
    if turn >= 5:  # a mask that was drawn upright stays
        drawn = save(upright[..., 0] // 255, tmp_path / "u.png")
        assert (read_ids(drawn, like=image) == upright[..., 0] // 255).all()


def test_unreadable_files_are_named_plainly(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    whole = save(picture(0), tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for name, words in {"text.png": "cannot be read", "cut.png": "cannot be read", "gone.png": "is missing"}.items():
        with pytest.raises(ValueError, match=words):
            read_picture(tmp_path / name)
    pages = [Image.fromarray(picture(k)) for k in (0, 1)]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match="several pages"):
        read_picture(tmp_path / "pages.tif")
