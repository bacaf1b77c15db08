"""Prediction."""

import numpy as np
import pytest
import torch

from tasks import network, predict
from tasks.dataset import Dataset
from tasks.networks.unet import UNet
from tasks.predict import Predictor, grouped, stream
from tests.train.toy import CARD, toys


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


@pytest.fixture
def toy(tmp_path):
    torch.manual_seed(0)
    method = UNet(widths=(4, 8))
    network.save(tmp_path / "model", network.build(method, 3), method, CARD)
    return toys(tmp_path)


def test_probabilities_of_one_image(toy):
    predictor = Predictor(toy / "model")
    assert predictor.classes == CARD.classes
    found = predictor(np.random.default_rng(0).integers(256, size=(19, 30, 3), dtype=np.uint8))
    assert found.shape == (3, 19, 30)
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert np.allclose(found.sum(0), 1, atol=1e-6)


def test_stream_keeps_the_order_and_equals_one_by_one(toy):
    dataset = Dataset(toy / "dataset")
    samples = list(dataset.of("train", "test"))
    predictor, seen = Predictor(toy / "model"), []
    for sample, found in stream(toy / "model", dataset, samples):
        seen.append(sample)
        assert np.allclose(found, predictor(dataset.image(sample.id)), atol=1e-5)
    assert seen == samples


def test_stream_gives_features_on_demand(toy):
    dataset = Dataset(toy / "dataset")
    samples = list(dataset.of("train"))[:3]
    plain = [found for _, found in stream(toy / "model", dataset, samples)]
    for k, (sample, found, features) in enumerate(stream(toy / "model", dataset, samples, features=True)):
        assert sample == samples[k]
        assert np.allclose(found, plain[k], atol=1e-5)
        assert features.dtype == np.float32 and features.shape == (4, sample.height, sample.width)
        lengths = np.linalg.norm(features, axis=0)
        assert (lengths > 0.5).any() and np.allclose(lengths, lengths > 0.5, atol=1e-5)  # a ReLU may leave none


def test_stream_reads_no_more_than_a_group_ahead(toy, monkeypatch):
    dataset, read = Dataset(toy / "dataset"), []
    plain = Dataset.image
    monkeypatch.setattr(Dataset, "image", lambda self, name: read.append(name) or plain(self, name))
    monkeypatch.setattr(predict, "BATCH_PIXELS", 2 * 33 * 41)
    answers = stream(toy / "model", dataset, dataset.of("train"))
    next(answers)
    assert len(read) == 2


def test_groups_are_neighbours_of_equal_size(toy, monkeypatch):
    samples = list(Dataset(toy / "dataset").of("train"))  # every third is two rows higher
    assert [[number for number, _ in some] for some in grouped(samples)] == [[0, 1], [2], [3, 4], [5], [6, 7], [8], [9]]
    monkeypatch.setattr(predict, "BATCH_PIXELS", 1)
    assert [len(some) for some in grouped(samples)] == [1] * 10


def test_bfloat16_agrees_with_float32(toy, monkeypatch):
    image = np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)
    exact = Predictor(toy / "model")(image)
    monkeypatch.setenv("SEGMEND_PRECISION", "bf16")
    rough = Predictor(toy / "model")(image)
    assert np.abs(exact - rough).max() < 0.02
    assert np.allclose(rough.sum(0), 1, atol=1e-6)


def test_a_network_of_other_classes_is_refused(toy):
    method = UNet(widths=(4,))
    other = CARD.model_copy(update={"classes": ("cat", "dog", "cow")})
    network.save(toy / "other", network.build(method, 3), method, other)
    with pytest.raises(ValueError, match="trained for the classes cat, dog, cow"):
        next(stream(toy / "other", Dataset(toy / "dataset"), []))


@pytest.mark.parametrize("asked", ["gpu", "cpu:1", "cuda:x", "mps:0"])
def test_an_unknown_device_is_refused(asked, monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", asked)
    with pytest.raises(ValueError, match="auto, cpu, cuda, cuda:N and mps are allowed"):
        predict.device()


def test_a_device_that_is_not_here_is_refused(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cuda:7")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="cuda:7"):
        predict.device()


def test_precision_follows_the_hardware_unless_asked(monkeypatch):
    cpu = torch.device("cpu")
    assert predict.precision(cpu) == torch.float32
    monkeypatch.setenv("SEGMEND_PRECISION", "auto")
    for able, expected in (
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({}, torch.float32),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert predict.precision(cpu) == expected
    for wrong in ("half", "fp16"):
        monkeypatch.setenv("SEGMEND_PRECISION", wrong)
        with pytest.raises(ValueError, match=wrong):
            predict.precision(cpu)
