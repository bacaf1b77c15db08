"""A network's word in the consensus: means by hand, what it settles, who may be given one, and that it is optional."""

import numpy as np
import pytest
import torch

from segmend.aggregators.arbitration import Arbitration
from segmend.aggregators.belief_propagation import BeliefPropagation
from segmend.aggregators.dawid_skene import DawidSkene
from segmend.aggregators.majority import Majority
from segmend.aggregators.mean_field import MeanField
from segmend.judges import Likelihood
from segmend.network.architectures.unet import UNet
from segmend.network.segmenter import build as build_network
from segmend.network.segmenter import save
from tasks.pseudo_label.consensus.consensus import Consensus, consensus_maps
from tasks.pseudo_label.consensus.network_prior import mean_logs, opened
from tests.pseudo_label.consensus.test_consensus import build


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")


def truth(k):
    """Image k is of one class, so a pattern in it is too: the network's word is one for all pixels of a pattern."""
    return np.full((12, 16), k % 3, np.uint8)


def noisy(seed, right):
    def make(k):
        rng = np.random.default_rng((seed, k))
        return np.where(rng.random((12, 16)) < right, truth(k), rng.integers(0, 3, (12, 16))).astype(np.uint8)

    return make


class Knowing:
    """A network that gives the true class `sure`; it knows the images of `build` by their pixels."""

    def __init__(self, data, sure):
        self.known = {data.image(sample.id).tobytes(): truth(int(sample.id[-1])) for sample in data.of("train")}
        self.sure = sure

    def __call__(self, image):
        right = self.known[image.tobytes()] == np.arange(3)[:, None, None]
        return np.where(right, self.sure, (1 - self.sure) / 2).astype(np.float32)


def share_right(data, regions, aggregator, network):
    consensus = Consensus(data, aggregator, network)
    made = [one for _, one in consensus_maps(consensus, regions, list(data.of("train")))]
    return np.mean([(one.labels == truth(k)).mean() for k, one in enumerate(made)]), made


def test_means_by_hand():
    """Pattern 0: p .5 and .125, the geometric mean .25; pattern 1: a probability of 0 counts as a millionth."""
    p = np.array([[[0.5, 0.125, 0.0]], [[0.5, 0.875, 1.0]]], np.float32)
    found = mean_logs(p, np.array([[0, 0, 1]]), 2)
    assert found[:, 0] == pytest.approx([np.log(0.25), np.log(1e-6)]) and found[1, 1] == 0


@pytest.mark.parametrize("scope", ["data", "image"])
@pytest.mark.parametrize("kind", [BeliefPropagation, MeanField])
def test_a_network_that_knows_better_helps(tmp_path, kind, scope):
    """Two equal annotators: where they differ, the network's word decides."""
    data, regions = build(tmp_path, {"a": noisy(1, 0.8), "b": noisy(2, 0.8)})
    plain = share_right(data, regions, kind(scope=scope), None)[0]
    with_it = share_right(data, regions, kind(scope=scope, clip=1), Knowing(data, 0.98))[0]
    assert with_it > plain + 0.05 and with_it > 0.98


def test_a_network_without_an_opinion_changes_nothing(tmp_path):
    """The limit of the card: class by class alike."""
    data, regions = build(tmp_path, {"a": noisy(1, 0.9), "b": noisy(2, 0.7), "c": noisy(3, 0.6)})
    for aggregator in (BeliefPropagation(), MeanField()):
        _, plain = share_right(data, regions, aggregator, None)
        _, with_it = share_right(data, regions, aggregator, Knowing(data, 1 / 3))
        for one, other in zip(plain, with_it, strict=True):
            assert (one.labels == other.labels).all() and np.abs(one.confidence - other.confidence).max() < 0.01


def test_the_judge_likelihood_hears_it(tmp_path):
    data, regions = build(tmp_path, {"a": truth, "b": noisy(1, 0.5)})
    chosen = Arbitration(judge=Likelihood())
    right, _ = share_right(data, regions, chosen, Knowing(data, 0.9))
    assert right == 1
    with pytest.raises(ValueError, match=r"name a network in pseudo_label.network, or choose edges"):
        share_right(data, regions, chosen, None)


def test_opened(tmp_path):
    data, regions = build(tmp_path, {"a": noisy(1, 0.9), "b": noisy(2, 0.7)})
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / ".gitkeep").touch()
    assert opened(None, data, Majority(), True) is opened(folder, data, Majority(), True) is None
    (folder / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"holds no network \(config.json is missing\)"):
        opened(folder, data, DawidSkene(), True)
    with pytest.raises(ValueError, match=r"holds no network"):
        opened(tmp_path / "absent", data, DawidSkene(), True)
    torch.manual_seed(0)
    method = UNet(widths=(4, 8))
    save(folder, build_network(method, 3), method, data.card)
    predictor = opened(folder, data, DawidSkene(), True)
    _, made = share_right(data, regions, DawidSkene(), predictor)
    assert len(made) == 4 and predictor(data.image("d/0")).shape == (3, 12, 16)
    for aggregator, several, said in (
        (Majority(), True, "the aggregator majority asks no network"),
        (Arbitration(), True, "the aggregator arbitration asks no network"),
        (DawidSkene(), False, "there are no annotators to aggregate"),
    ):
        with pytest.raises(ValueError, match=said):
            opened(folder, data, aggregator, several)
    save(folder, build_network(method, 2), method, data.card.model_copy(update={"classes": ("a", "z")}))
    with pytest.raises(ValueError, match=r"was trained for the classes a, z, but .* has a, b, c"):
        opened(folder, data, DawidSkene(), True)
