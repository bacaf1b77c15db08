"""Building, saving and loading networks; what does not depend on the kind of network is here."""

from json import loads

import numpy as np
import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures.unet import UNet
from segmend.network.segmenter import AnySize, normalise
from tests.toys import SHAPE_CARD


class Half(torch.nn.Module):
    """Answers at half the size, and insists on its stride."""

    def forward(self, x):
        assert x.shape[-2] % 4 == x.shape[-1] % 4 == 0
        return x[..., ::2, ::2]


@pytest.mark.parametrize("size", [(1, 1), (4, 8), (5, 7), (31, 2)])
def test_any_size_pads_and_cuts(size):
    assert AnySize(Half(), 4)(torch.zeros(2, 3, *size)).shape == (2, 3, *size)


def test_padding_repeats_the_border():
    seen = []
    body = torch.nn.Identity()
    body.register_forward_hook(lambda _, given, result: seen.append(given[0]))
    x = torch.arange(6.0).view(1, 1, 2, 3).expand(1, 3, 2, 3)
    assert torch.equal(AnySize(body, 4)(x), x)
    assert seen[0][0, 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]


def test_normalised_by_hand():
    # (102 / 255 - 0.4) / 0.2 = 0, (153 / 255 - 0.4) / 0.2 = 1
    image = torch.tensor([102, 153], dtype=torch.uint8).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    assert np.allclose(normalise(image, SHAPE_CARD)[0, 0], [[0, 1]], atol=1e-6)


def test_the_folder_says_all_that_loading_needs(tmp_path, monkeypatch):
    method = UNet(widths=(4, 6))
    segmenter.save(tmp_path / "model", segmenter.build(method, 3), method, SHAPE_CARD)
    config = loads((tmp_path / "model" / "config.json").read_text())
    plain = {"head": "linear", "temperature": 0.1, "embeddings": {}, "unseen": [], "calibration": 0.0}
    assert config["network"] == {"name": "unet", "unet": {"widths": [4, 6], **plain}}
    assert config["dataset"]["classes"] == ["ground", "disc", "square"]
    monkeypatch.chdir(tmp_path)  # no params.yaml here
    loaded, card = segmenter.load(tmp_path / "model")
    assert not loaded.training
    assert card == SHAPE_CARD


def test_a_folder_without_a_network_is_named(tmp_path):
    with pytest.raises(ValueError, match="run the stage train"):
        segmenter.load(tmp_path)


def test_a_network_that_names_no_classifier_gives_no_features():
    with pytest.raises(ValueError, match="choose unet or smp"):
        AnySize(torch.nn.Identity(), 1).with_features(torch.zeros(1, 3, 2, 2))
