"""Architectures of segmentation_models_pytorch."""

import pytest
import torch

from tasks import network
from tasks.networks.smp import SegmentationModels


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
    made = network.build(SegmentationModels(architecture=architecture, encoder=encoder), 3).eval()
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
