"""Prediction."""

import numpy as np
import pytest
import torch

from segmend.images.dataset import Dataset
from segmend.network import inference, segmenter
from segmend.network.architectures.unet import UNet
from segmend.network.inference import Predictor, grouped, stream
from tests.toys import SHAPE_CARD, shapes


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


@pytest.fixture
def toy(tmp_path):
    torch.manual_seed(0)
    method = UNet(widths=(4, 8))
    segmenter.save(tmp_path / "model", segmenter.build(method, 3), method, SHAPE_CARD)
    return shapes(tmp_path)


def test_probabilities_of_one_image(toy):
    predictor = Predictor(toy / "model")
    assert predictor.classes == SHAPE_CARD.classes
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
    monkeypatch.setattr(inference, "BATCH_PIXELS", 2 * 33 * 41)
    answers = stream(toy / "model", dataset, dataset.of("train"))
    next(answers)
    assert len(read) == 2


def test_groups_are_neighbours_of_equal_size(toy, monkeypatch):
    samples = list(Dataset(toy / "dataset").of("train"))  # every third is two rows higher
    assert [[number for number, _ in some] for some in grouped(samples)] == [[0, 1], [2], [3, 4], [5], [6, 7], [8], [9]]
    monkeypatch.setattr(inference, "BATCH_PIXELS", 1)
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
    other = SHAPE_CARD.model_copy(update={"classes": ("cat", "dog", "cow")})
    segmenter.save(toy / "other", segmenter.build(method, 3), method, other)
    with pytest.raises(ValueError, match="trained for the classes cat, dog, cow"):
        next(stream(toy / "other", Dataset(toy / "dataset"), []))


def test_views_are_brought_back_to_the_image(toy):
    """Unscaled views by hand: the prediction, and the mirrored one of the mirrored image; one thing twice at scale 1."""
    predictor = Predictor(toy / "model")
    image = np.random.default_rng(0).integers(256, size=(19, 30, 3), dtype=np.uint8)
    views = predictor.views(image, (1.0, 0.6, 1.5), True)
    assert views.shape == (8, 3, 19, 30) and views.dtype == np.float32
    assert np.allclose(views.sum(1), 1, atol=1e-5)
    assert np.allclose(views[0], predictor(image), atol=1e-5)
    assert np.allclose(views[1], predictor(image[:, ::-1].copy())[:, :, ::-1], atol=1e-5)
    assert np.allclose(views[2:4], views[:2], atol=1e-5)
    assert np.allclose(predictor.views(image, (0.6, 1.5), False)[1:], views[[4, 6]], atol=1e-4)
    assert predictor.views(image, (), False).shape == (1, 3, 19, 30)


def test_a_scaled_view_is_of_the_scaled_image(toy):
    """An image of one colour is the same at every size but for its rim, where the convolutions see its end."""
    image = np.full((24, 32, 3), (90, 20, 200), np.uint8)
    views = Predictor(toy / "model").views(image, (1.5, 0.5), True)[:, :, 12, 16]
    assert np.allclose(views, views[0], atol=1e-3)


def test_stream_gives_views_on_demand(toy):
    dataset = Dataset(toy / "dataset")
    samples, predictor = list(dataset.of("train"))[:2], Predictor(toy / "model")
    for k, (sample, found, views) in enumerate(stream(toy / "model", dataset, samples, views=((1.5,), True))):
        assert sample == samples[k] and views.shape == (4, 3, sample.height, sample.width)
        assert (found == views[0]).all()
        assert np.allclose(views, predictor.views(dataset.image(sample.id), (1.5,), True), atol=1e-6)
