"""Features of a frozen encoder: kept once, read bilinearly, within a step of what was worked out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segmend.network import features
from segmend.network.features import CHANNELS, Encoded, Encoder


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (20, 27, 3)).astype(np.uint8)


def test_a_second_reader_finds_the_same_bytes_and_loads_no_network(here, monkeypatch):
    first = Encoder()(picture())
    monkeypatch.setattr(features, "lite0", lambda *_, **__: pytest.fail("the network was loaded again"))
    second = Encoder()(picture())
    assert [one.tobytes() for one in first.maps] == [one.tobytes() for one in second.maps]
    assert tuple(len(one) for one in first.maps) == CHANNELS and first.size == (20, 27)


def test_other_images_have_other_features(here):
    encoder = Encoder()
    assert (encoder(picture(0)).maps[0] != encoder(picture(1)).maps[0]).any()


def test_quantised_within_half_a_step(here):
    encoder = Encoder()
    exact = features.feature_maps(encoder.network, picture(), 2, encoder.device, encoder.precision)
    for found, scale, wanted in zip(encoder(picture()).maps, encoder(picture()).scales, exact, strict=True):
        step = scale[:, None, None] / 127
        assert (np.abs(found * step - wanted) <= 0.51 * step).all()


def test_places_are_read_bilinearly():
    rng = np.random.default_rng(0)
    coarse = rng.integers(-127, 128, (3, 4, 5)).astype(np.int8)
    encoded = Encoded((coarse,), (np.array([127.0, 254, 12.7], np.float32),), (13, 17))
    wanted = F.interpolate(torch.from_numpy(coarse[None]).float(), (13, 17), mode="bilinear", align_corners=False)
    wanted = wanted[0].numpy() * np.array([1, 2, 0.1])[:, None, None]
    places = rng.permutation(13 * 17)
    assert encoded.at(places) == pytest.approx(wanted.reshape(3, -1).T[places], rel=1e-4, abs=1e-3)


def test_missing_weights_are_named():
    with pytest.raises(ValueError, match="some.setting: 'nowhere' is no file"):
        Encoder("nowhere", "some.setting")
