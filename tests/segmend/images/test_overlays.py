"""Small pictures: colours by id, marks at full strength, sizes, equal bytes."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from segmend.images.dataset import Card
from segmend.images.overlays import coloured, heat, marked, overlaid, png, read_grey, resized
from segmend.images.rasters import UNLABELLED, VOID

CARD = Card(
    name="two",
    classes=("a", "b"),
    colours=((0, 0, 0), (200, 100, 50)),
    mean=(0.5, 0.5, 0.5),
    deviation=(0.2, 0.2, 0.2),
)
LABELS = np.array([[0, 1], [UNLABELLED, VOID]], np.uint8)
IMAGE = np.full((2, 2, 3), 100, np.uint8)


def test_colours_are_the_cards_and_the_palettes():
    assert coloured(LABELS, CARD)[0].tolist() == [[0, 0, 0], [200, 100, 50]]
    assert coloured(LABELS, CARD)[1].tolist() == [[128, 128, 128], [224, 224, 192]]


def test_overlay_mixes_brightness_and_colour():
    assert overlaid(IMAGE, LABELS, CARD, opacity=1.0).tolist() == coloured(LABELS, CARD).tolist()
    assert overlaid(IMAGE, LABELS, CARD, opacity=0.0).tolist() == IMAGE.tolist()
    assert overlaid(IMAGE, LABELS, CARD, opacity=0.5)[0, 1].tolist() == [150, 100, 75]


def test_marks_are_painted_in_full():
    picture = marked(IMAGE, {(1, 2, 3): LABELS == 1})
    assert picture[0, 1].tolist() == [1, 2, 3]
    assert picture[0, 0].tolist() == [99, 99, 99]  # 64 + 0.35 * 100


def test_heat_grows_lighter():
    lightness = heat(np.linspace(0, 1, 11, dtype=np.float32)[None]).sum(2)[0].astype(int)
    assert (np.diff(lightness) > 0).all()


def test_labels_are_resized_by_nearest_pixel():
    large = resized(coloured(LABELS, CARD), 6, smooth=False)
    assert large.shape == (6, 6, 3)
    assert {tuple(colour) for colour in large.reshape(-1, 3).tolist()} == {
        tuple(colour) for colour in coloured(LABELS, CARD).reshape(-1, 3).tolist()
    }


def test_png_is_read_back(tmp_path: Path):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    (tmp_path / "grey.png").write_bytes(png(grey))
    assert (read_grey(tmp_path / "grey.png") == grey).all()
    picture = coloured(LABELS, CARD)
    assert png(picture) == png(picture.copy())
    with Image.open(BytesIO(png(picture, colours=8))) as small:
        assert small.mode == "P" and (np.array(small.convert("RGB")) == picture).all()
