"""Architectures of segmentation_models_pytorch."""

import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures.smp import SegmentationModels
from tests.toys import SHAPE_CARD


@pytest.mark.parametrize(
    ("architecture", "encoder"),
    [
        ("unetplusplus", "resnet18"),
        ("deeplabv3plus", "resnet18"),
        ("fpn", "resnet18"),
        ("upernet", "resnet18"),
        ("segformer", "mit_b0"),
    ],
)
def test_architectures_build_and_accept_any_size(architecture, encoder):
    made = segmenter.build(SegmentationModels(architecture=architecture, encoder=encoder), 3).eval()
    with torch.no_grad():
        assert made(torch.randn(1, 3, 37, 45)).shape == (1, 3, 37, 45)


def test_an_unknown_encoder_is_named():
    with pytest.raises(ValueError, match="resnet19"):
        SegmentationModels(encoder="resnet19").build(3)


def test_weights_that_cannot_be_fetched_end_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match="set weights: none"):
        SegmentationModels(weights="imagenet").build(3)


def test_a_trained_network_is_loaded_without_fetching():
    method = SegmentationModels(weights="imagenet")
    assert method.offline(torch.nn.Identity()).weights == "none"


@pytest.mark.parametrize("architecture", ["unet", "deeplabv3plus"])
def test_cosine_head_and_features_at_full_size(architecture, tmp_path):
    """Of unet at full size and with a 3x3 head, of deeplabv3plus at a quarter of the size."""
    torch.manual_seed(0)
    method = SegmentationModels(architecture=architecture, encoder="mobilenet_v2", head="cosine", temperature=0.2)
    made, x = segmenter.build(method, 3).eval(), torch.randn(1, 3, 37, 45)
    with torch.no_grad():
        logits, features = made.with_features(x)
        assert logits.shape == (1, 3, 37, 45) and logits.abs().max() <= 5 + 1e-4
        assert features.shape[2:] == (37, 45)
        assert torch.allclose(features.norm(dim=1), torch.ones(1, 37, 45), atol=1e-5)
        segmenter.save(tmp_path, made, method, SHAPE_CARD)
        assert torch.allclose(segmenter.load(tmp_path)[0](x), logits, atol=1e-5)


def test_packaged_weights_see_what_the_encoder_of_features_sees(tmp_path):
    """The encoder's maps are those of segmend/network/features.py, also when the network is saved and loaded without the package."""
    from segmend.network.lite0 import lite0, weights_file

    method = SegmentationModels(encoder="tu-efficientnet_lite0", weights="package")
    made, x = segmenter.build(method, 3).eval(), torch.randn(1, 3, 64, 64)
    own = lite0(weights_file("", "x"), features_only=True, out_indices=(1, 2, 3))
    with torch.no_grad():
        maps = made.body.encoder(x)
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(maps[2:5], own(x), strict=True))
        segmenter.save(tmp_path, made, method, SHAPE_CARD)
        assert torch.allclose(segmenter.load(tmp_path)[0](x), made(x), rtol=1e-3, atol=1e-3)


def test_the_package_holds_one_encoder():
    with pytest.raises(ValueError, match="tu-efficientnet_lite0"):
        SegmentationModels(encoder="resnet18", weights="package")
