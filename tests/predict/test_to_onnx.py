"""ONNX export: what onnxruntime gives is what torch gives, at sizes that the export did not see."""

from pathlib import Path

import numpy as np
import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from segmend.network.inference import Predictor
from tasks.predict import to_onnx
from tests.toys import SHAPE_CARD


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("network") / "r0"
    segmenter.save(folder, segmenter.build(UNet(widths=(4, 8)), 3), UNet(widths=(4, 8)), SHAPE_CARD)
    return folder


def test_onnxruntime_gives_what_the_network_gives(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    onnxruntime = pytest.importorskip("onnxruntime")
    assert to_onnx.export(network, tmp_path / "n.onnx") < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "n.onnx", providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    stride = int(about["stride"])
    assert about["classes"] == '["ground", "disc", "square"]'
    images = np.random.default_rng(1).integers(0, 256, (2, 5 * stride, 7 * stride, 3), dtype=np.uint8)
    (found,) = session.run(None, {"image": np.moveaxis(images, 3, 1).copy()})
    assert np.allclose(found, Predictor(network).batch(images), atol=1e-4)


def test_a_file_that_differs_is_not_written(network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(to_onnx, "compared", lambda *_: 0.5)
    with pytest.raises(ValueError, match="differs from torch by 0.5"):
        to_onnx.export(network, tmp_path / "n.onnx")
    assert not (tmp_path / "n.onnx").exists()
