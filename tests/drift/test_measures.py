"""What is measured of an image, by hand."""

import numpy as np
import pytest

from tasks.drift.compare import judged
from tasks.drift.measures import DOUBT, LOOKS, Measured, doubt, looks, shares
from tasks.drift.settings import Params


def test_looks_of_plain_images():
    grey = np.full((8, 8, 3), 51, np.uint8)
    brightness, contrast, saturation, sharpness = looks(grey)
    assert (brightness, contrast, saturation) == pytest.approx((0.2, 0, 0), abs=1e-12)
    assert sharpness == pytest.approx(np.log(1e-4))
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert looks(red)[[0, 2]] == pytest.approx((0.299, 1))
    assert np.isfinite(looks(np.zeros((1, 2, 3), np.uint8))).all()  # no inner pixel


def test_a_blurred_image_is_less_sharp_and_as_bright():
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    blurred = ((image[:-1].astype(int) + image[1:]) // 2).astype(np.uint8)
    before, after = looks(image), looks(blurred)
    assert after[LOOKS.index("sharpness")] < before[LOOKS.index("sharpness")] - 0.2
    assert after[0] == pytest.approx(before[0], abs=0.02)


def test_shares_leave_out_void():
    mask = np.array([[0, 0, 1, 254], [255, 255, 255, 255]], np.uint8)
    assert shares(mask, 3) == pytest.approx([2 / 3, 1 / 3, 0, 1 / 4])
    assert (shares(np.full((2, 2), 255, np.uint8), 3) == 0).all()


def test_doubt_of_regions_by_hand():
    surest = np.ones((16, 24), np.float32)
    assert doubt(surest) == pytest.approx((0, 0))
    surest[:4, :12] = 0.5  # 2 x 4 of 8 x 8 cells, an eighth of the image
    assert doubt(surest) == pytest.approx((0.5 / 8, 0.5))
    assert doubt(np.full((3, 1), 0.75, np.float32)) == pytest.approx((0.25, 0.25))  # fewer pixels than cells


def test_a_doubtful_object_is_seen_where_the_mean_hardly_moves():
    """Images differ in their mean doubt; the new ones have an object besides that the network doubts, on an eighth of the image."""
    random = np.random.default_rng(0)
    usual, new = [], []
    for side in (usual, new):
        for _ in range(40):
            surest = np.clip(random.normal(0.8, 0.08) + random.normal(0, 0.02, (32, 32)), 0, 1).astype(np.float32)
            if side is new:
                surest[8:16, 4:20] -= 0.25
            side.append(doubt(surest))
    rows = Measured("doubt", DOUBT, np.stack(new), np.stack(usual))
    found = judged(rows, Params(), 1, 0)
    assert found.drifted and found.column == "uncertainty of the doubtful regions"
    assert not judged(Measured("mean", DOUBT[:1], rows.new[:, :1], rows.promoted[:, :1]), Params(), 1, 0).drifted
