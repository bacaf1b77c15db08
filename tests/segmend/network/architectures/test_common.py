"""What holds for every network of the table."""

import numpy as np
import pytest
import torch

from segmend.network import segmenter
from segmend.network.architectures import NETWORKS
from segmend.network.inference import Predictor
from tests.toys import SHAPE_CARD, brain
from tests.train.runs import quick, run

SMALL = {  # the same code at a size that suits a test
    "unet": {"widths": [4, 8, 8]},
    "smp": {"encoder": "mobilenet_v2"},
    "transformers": {"config": {"hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16}},
}
METHODS = [kind(**SMALL[kind.model_fields["name"].default]) for kind in NETWORKS]
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


@pytest.fixture(scope="module")
def slices(tmp_path_factory):
    return brain(tmp_path_factory.mktemp("brain"))


@every
@pytest.mark.parametrize("size", [(1, 1), (33, 47), (64, 32)])
def test_any_size_gives_logits_of_the_same_size(method, size):
    made = segmenter.build(method, 5).eval()
    with torch.no_grad():
        assert made(torch.randn(2, 3, *size)).shape == (2, 5, *size)


@every
def test_saved_and_loaded_gives_equal_logits_and_equal_bytes(method, tmp_path):
    torch.manual_seed(0)
    made, x = segmenter.build(method, 3).eval(), torch.randn(1, 3, 40, 36)
    segmenter.save(tmp_path / "a", made, method, SHAPE_CARD)
    loaded, card = segmenter.load(tmp_path / "a")
    assert card == SHAPE_CARD
    with torch.no_grad():
        assert torch.equal(made.to(memory_format=torch.channels_last)(x), loaded(x))
    segmenter.save(tmp_path / "b", loaded, method, SHAPE_CARD)
    for name in ("config.json", "weights.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@every
def test_same_seed_same_weights(method):
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(segmenter.build(method, 3).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])


@every
def test_learns_from_real_images(method, slices, monkeypatch):
    """Two epochs on eight brain slices through the stage itself: the loss falls, and the network predicts."""
    monkeypatch.chdir(slices)
    crop = {"name": "crop", "crop": {"height": 64, "width": 64}}
    adamw = {"name": "adamw", "adamw": {"lr": 3e-3}}
    run(slices, quick(network=method, epochs=2, batch=2, augmentations=[crop], optimizer=adamw), method.name)
    first, second = np.loadtxt(slices / "metrics" / f"{method.name}.csv", delimiter=",", skiprows=1, usecols=1)
    assert second < first
    probabilities = Predictor(slices / "models" / method.name)(np.full((50, 61, 3), 90, np.uint8))
    assert probabilities.shape == (3, 50, 61)
    assert np.allclose(probabilities.sum(0), 1, atol=1e-5)
