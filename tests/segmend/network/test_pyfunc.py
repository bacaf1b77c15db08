"""The network as MLflow serves it."""

import numpy as np
import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from segmend.network.inference import Predictor
from segmend.network.pyfunc import _load_pyfunc
from tests.toys import SHAPE_CARD


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    segmenter.save(tmp_path, segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    return tmp_path


@pytest.mark.parametrize("size", [(16, 16), (21, 34)])
def test_class_maps_are_the_most_probable_classes(folder, size):
    images = np.random.default_rng(0).integers(256, size=(2, *size, 3), dtype=np.uint8)
    maps = _load_pyfunc(str(folder)).predict(images)
    assert maps.dtype == np.uint8
    assert np.array_equal(maps[1], Predictor(folder)(images[1]).argmax(0))


def test_lists_as_a_web_request_brings_them(folder):
    images = np.zeros((1, 8, 9, 3), np.uint8)
    assert np.array_equal(
        _load_pyfunc(str(folder)).predict(images.tolist(), {}), _load_pyfunc(str(folder)).predict(images)
    )


@pytest.mark.parametrize("wrong", [np.zeros((8, 9, 3)), np.zeros((1, 8, 9, 1)), np.full((1, 8, 9, 3), 300)])
def test_other_input_is_refused(folder, wrong):
    with pytest.raises(ValueError, match="8-bit RGB images"):
        _load_pyfunc(str(folder)).predict(wrong)
