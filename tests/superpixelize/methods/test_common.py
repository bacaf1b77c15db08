"""Every superpixel method: a proper region map of what is valid, the same for the same image, and as many as asked for."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import label as pieces_of_mask

from segmend.images.rasters import NO_REGION
from segmend.images.regions import areas, count
from segmend.stage.params import methods_of
from tasks.superpixelize.methods import Superpixels

METHODS = [method() for method in methods_of(Superpixels)]


def scene(kind: str, shape=(96, 96), seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    if kind == "flat":
        return np.full((*shape, 3), 90, np.uint8)
    smooth = gaussian_filter(rng.random((*shape, 3)), (6, 6, 0))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    if kind == "grey":
        smooth = smooth[..., :1].repeat(3, axis=2)
    return (255 * smooth).astype(np.uint8)


def proper(regions: np.ndarray, valid: np.ndarray) -> bool:
    ids = range(count(regions))
    connected = all(pieces_of_mask(regions == k)[1] == 1 for k in ids)
    return connected and ((regions == NO_REGION) == ~valid).all() and (areas(regions) > 0).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("kind", ["colour", "grey", "noise", "flat"])
def test_maps_are_proper(method, kind):
    image, valid = scene(kind, (70, 85)), np.ones((70, 85), bool)
    before = image.copy()
    regions = method(image, valid)
    assert regions.dtype == np.int32 and proper(regions, valid)
    assert (image == before).all() and (regions == method(image, valid)).all()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_invalid_pixels_belong_to_no_region(method):
    valid = np.ones((70, 85), bool)
    valid[20:30] = False  # cuts the image in two: no region may reach across
    valid[60:, 60:] = False
    assert proper(method(scene("colour", (70, 85)), valid), valid)
    assert count(method(scene("colour", (70, 85)), np.zeros((70, 85), bool))) == 0


# felzenszwalb cannot be asked for a number of regions
COUNTED = [method for method in METHODS if method.asked(np.ones((96, 96), bool)) is not None]


@pytest.mark.parametrize("method", COUNTED, ids=lambda method: method.name)
@pytest.mark.parametrize("kind", ["colour", "grey", "noise"])
@pytest.mark.parametrize("asked", [60, 300])
def test_about_as_many_as_asked_for(method, kind, asked):
    made = count(method.model_copy(update={"regions": asked})(scene(kind), np.ones((96, 96), bool)))
    assert asked / 2 <= made <= 2 * asked


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (3, 3), (8, 90), (17, 101)])
def test_odd_sizes(method, shape):
    few = method if method.asked(np.ones(shape, bool)) is None else method.model_copy(update={"regions": 8})
    try:
        regions = few(scene("colour", shape), np.ones(shape, bool))
    except ValueError as refusal:
        assert f"{shape[0]} x {shape[1]}" in str(refusal) and method.name == "seeds" and min(shape) < 8
    else:
        assert proper(regions, np.ones(shape, bool))
