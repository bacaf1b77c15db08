"""What is measured of an image, by hand."""

import numpy as np
import pytest

from tasks.drift.measures import LOOKS, looks, shares


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
