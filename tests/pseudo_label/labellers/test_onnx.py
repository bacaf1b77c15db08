"""ONNX models through onnxruntime: pre-processing, kinds of output, mapping, mistakes."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from tasks.pseudo_label.labellers.onnx import Onnx
from tests.pseudo_label.labellers import tiny
from tests.pseudo_label.labellers.tiny import CLASSES, context, item

PLAIN = {"mean": (0, 0, 0), "deviation": (1, 1, 1)}


def run(image, **more):
    one = item(image.shape[:2])._replace(image=image)
    return Onnx(model=tiny.onnx(), **{**PLAIN, **more}).build(context()).run([one, one])[1]


def logits(image):
    r, g, b = np.moveaxis(image / np.float32(255), 2, 0)
    return np.stack([0.3 * r + 0.3 * g + 0.4 * b, r - g, b])


def test_the_map_of_equal_sizes_is_the_models_own():
    image = item((20, 24)).image
    found = run(image)
    assert (found.labels == logits(image).argmax(0)).all()
    powers = np.exp(logits(image))
    assert found.scores[0] == pytest.approx((powers / powers.sum(0))[:, :5, :6].mean((1, 2)), abs=1e-5)


def test_mean_deviation_and_order_of_channels():
    image = np.zeros((5, 6, 3), np.uint8)
    image[..., 0] = 204  # red 0.8: (0.8 - 0.2) / 0.5 = 1.2; the others (0 - 0.2) / 0.5 = -0.4
    found = run(image, mean=(0.2,) * 3, deviation=(0.5,) * 3)
    powers = np.exp([0.3 * 1.2 - 0.7 * 0.4, 1.6, -0.4])
    assert found.scores[0] == pytest.approx(powers / powers.sum(), abs=1e-5) and (found.labels == 1).all()
    assert (run(image, channels="bgr").labels == 2).all()


def test_another_size_and_the_way_back():
    blue = np.kron(np.array([[0, 1, 0], [1, 0, 1]]), np.ones((8, 16), int))
    image = np.zeros((16, 48, 3), np.uint8)
    image[..., 2], image[..., 0] = 255 * blue, 255 * (1 - blue)
    assert (run(image, size=(32, 48)).labels == np.where(blue, 2, 1)).all()
    assert (run(image, size=(8, 24), flip=True).labels == np.where(blue, 2, 1)).all()


def test_ids_are_mapped_by_the_nearest_pixel_and_count_as_sure():
    image = item((20, 24)).image
    found = run(image, output="ids", output_kind="ids", classes=("stone", "void", ""))
    assert (found.labels == np.array([2, VOID, UNLABELLED])[logits(image).argmax(0)]).all()
    assert found.scores[0, 2] == pytest.approx((logits(image).argmax(0)[:5, :6] == 0).mean())


@pytest.mark.parametrize(
    "settings, words",
    [
        (
            {"classes": ("ground", "leaf")},
            r"the output has the shape \(2, 3, 20, 24\) in n c h w; 2 classes are expected",
        ),
        ({"classes": ("ground", "leaf", "moss")}, "onnx.classes names the class 'moss'"),
        ({"output": "masks"}, "the model has no output 'masks'; it has logits, ids"),
        ({"output_kind": "ids"}, "is no map of ids"),
        ({"model": "nothing.onnx"}, "'nothing.onnx' is no file"),
    ],
)
def test_mistakes_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        run(item((20, 24)).image, **settings) if "model" not in settings else Onnx(**settings).build(context())


def test_settings_that_contradict_each_other():
    with pytest.raises(ValueError, match="flip averages scores, and ids are none"):
        Onnx(output_kind="ids", flip=True)


def test_the_file_is_named_by_its_hash():
    assert CLASSES and len(Onnx(model=tiny.onnx()).build(context()).cards[0]["sha256"]["tiny.onnx"]) == 64
