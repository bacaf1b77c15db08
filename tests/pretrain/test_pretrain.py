"""The stage on toys: it learns, equal input gives equal bytes, and training begins with what it learnt."""

import numpy as np
import pytest
import torch

from segmend.images.dataset import Dataset, Labels, Sample, write_card
from segmend.images.rasters import UNLABELLED, VOID
from segmend.network.segmenter import load, normalise
from segmend.stage.params import validated
from tasks.pretrain import loop
from tasks.pretrain.__main__ import pretrain
from tasks.pretrain.settings import Params
from tasks.pretrain.views import trusted
from tasks.train.settings import Params as Training
from tests.toys import SHAPE_CARD, shapes
from tests.train.runs import quick, run


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    place = shapes(tmp_path_factory.mktemp("toys"))
    (place / "params.yaml").write_text("train: {network: {name: unet, unet: {widths: [4, 8]}}}\n")
    return place


@pytest.fixture(autouse=True)
def there(root, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


SMALL = {"crop": 24, "per_class": 8, "projection": 16}


def made(root, name, labels="labels", **changes):
    settings = validated(Params, {"crop": 32, "per_class": 16, "epochs": 12, **changes}, "pretrain")
    return pretrain.stage(settings, 0, dataset=root / "dataset", labels=root / labels, out=root / name)


def weights(root, name) -> bytes:
    return (root / name / "weights.safetensors").read_bytes()


def gap(root, name) -> float:
    """How much nearer pixels of one class are to one another than to those of others, by the cosine of their features."""
    dataset, (network, card) = Dataset(root / "dataset"), load(root / name)
    means = []
    for sample in list(dataset.of("train"))[:4]:
        labels = torch.from_numpy(Labels(root / "labels")[sample.id]).ravel()
        image = torch.from_numpy(dataset.image(sample.id)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            features = network.with_features(normalise(image, card))[1][0].flatten(1)
        means.append(torch.stack([features[:, labels == k].mean(1) for k in range(3)]))
    centres = torch.nn.functional.normalize(torch.stack(means), dim=2)
    alike = torch.einsum("akd,bkd->kab", centres, centres).mean()
    other = torch.einsum("akd,bld->klab", centres, centres)[~torch.eye(3, dtype=torch.bool)].mean()
    return float(alike - other)


def test_learns_to_tell_classes_apart(root):
    metrics = made(root, "learnt")
    assert metrics["loss"] < metrics["first_loss"] - 0.3
    made(root, "hardly", epochs=1, lr=1e-9)
    assert gap(root, "learnt") > gap(root, "hardly") + 0.1


def test_equal_input_gives_equal_bytes(root):
    for name in ("one", "two"):
        made(root, name, **SMALL, epochs=2)
    assert weights(root, "one") == weights(root, "two")


class Stop(Exception):
    """Not one of the errors that anything catches."""


def test_stopped_and_begun_again_it_ends_with_the_same_bytes(root, monkeypatch, capsys):
    whole = made(root, "whole", **SMALL, epochs=3)
    plain, seen = loop.of_batch, []

    def stopping(*arguments):
        seen.append(torch.are_deterministic_algorithms_enabled())
        if len(seen) == 4:
            raise Stop
        return plain(*arguments)

    with monkeypatch.context() as patch:
        patch.setenv("SEGMEND_CHECKPOINT", "0")
        patch.setattr(loop, "of_batch", stopping)
        with pytest.raises(Stop):
            made(root, "again", **SMALL, epochs=3)
    assert all(seen) and not (root / "again").exists()
    assert made(root, "again", **SMALL, epochs=3) == whole
    assert "resumed at step 3 of 6" in capsys.readouterr().out
    assert weights(root, "again") == weights(root, "whole")
    assert not list((root / ".work/pretrain").glob("*"))


def test_a_loss_that_is_no_number_stops_with_a_sentence(root, tmp_path):
    flat = shapes(tmp_path)
    write_card(flat / "dataset", SHAPE_CARD.model_copy(update={"deviation": (0.0, 0.0, 0.0)}))
    with pytest.raises(
        ValueError, match=r"pretrain: the loss is nan at step 1 of 4; lower pretrain.lr \(it is 0.005\)"
    ):
        made(flat, "out", epochs=2)
    assert not (flat / "out").exists()


def test_out_of_memory_says_what_to_lower(root, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(loop, "of_batch", full)
    with pytest.raises(ValueError, match=r"pretrain: out of memory; lower pretrain.batch \(it is 4\), pretrain.crop"):
        made(root, "out")


def with_trust(root, place, wrong: int, trust: int | None) -> None:
    """Labels whose left part is `wrong`, trusted so much (of 255)."""
    dataset, right, labels = Dataset(root / "dataset"), Labels(root / "labels"), Labels(place)
    for sample in dataset.of("train", "val"):
        maps = right[sample.id]
        maps[:, :15] = wrong
        labels.write(sample.id, maps, dataset.card)
        if trust is not None:
            sure = np.full(maps.shape, 255, np.uint8)
            sure[:, :15] = trust
            labels.write_trust(sample.id, sure)


def test_labels_that_are_not_trusted_are_as_good_as_none(root, tmp_path):
    with_trust(root, tmp_path / "doubtful", 1, 127)
    with_trust(root, tmp_path / "void", VOID, None)
    for name, labels, trust in (("a", "doubtful", 0.5), ("b", "void", 0.5), ("c", "doubtful", 0)):
        made(root, name, labels=tmp_path / labels, **SMALL, epochs=1, rim=0, trust=trust)
    assert weights(root, "a") == weights(root, "b") != weights(root, "c")


def test_labels_are_trusted_from_the_threshold_on(root, tmp_path):
    labels, sample = Labels(tmp_path), Sample("one", "train", 1, 3, "", "")
    assert trusted(labels, sample, 1.0).all()  # nobody said anything
    labels.write_trust("one", np.array([[0, 204, 255]], np.uint8))
    for least, expected in ((0.0, [True] * 3), (0.8, [False, True, True]), (0.81, [False, False, True])):
        assert trusted(labels, sample, least).tolist() == [expected]


def test_where_nothing_is_trusted_it_says_so(root, tmp_path):
    dataset, right, labels = Dataset(root / "dataset"), Labels(root / "labels"), Labels(tmp_path)
    for sample in dataset.of("train"):
        labels.write(sample.id, right[sample.id], dataset.card)
        labels.write_trust(sample.id, np.full((sample.height, sample.width), 100, np.uint8))
    with pytest.raises(ValueError, match="trusted by 0.5 or more; lower pretrain.trust"):
        made(root, "out", labels=tmp_path)


def test_training_begins_with_them_but_not_with_the_classifier(root):
    made(root, "begin", epochs=2)
    train = __import__("tasks.train.__main__", fromlist=["train"]).train.stage
    settings = quick(
        epochs=1, optimizer={"name": "sgd", "sgd": {"lr": 1e-12, "momentum": 0, "decay": 0}}, augmentations=[]
    )
    paths = {"dataset": root / "dataset", "labels": root / "labels", "out_curves": root / "c.csv"}
    train(settings, 1, **paths, weights=root / "begin", out=root / "after")
    begun, after = load(root / "begin")[0].state_dict(), load(root / "after")[0].state_dict()
    kernels = [name for name in begun if begun[name].ndim == 4 and "head" not in name]
    assert all(torch.allclose(begun[name], after[name], atol=1e-6) for name in kernels)
    assert not torch.allclose(begun["body.head.weight"], after["body.head.weight"], atol=1e-3)
    assert after["body.head.weight"].shape == begun["body.head.weight"].shape


def test_weights_of_another_network_are_refused(root):
    made(root, "small", epochs=1)
    train = __import__("tasks.train.__main__", fromlist=["train"]).train.stage
    wide = quick(epochs=1, network={"name": "unet", "unet": {"widths": [4, 16]}})
    with pytest.raises(ValueError, match="another network"):
        train(
            wide,
            0,
            dataset=root / "dataset",
            labels=root / "labels",
            weights=root / "small",
            out=root / "x",
            out_curves=root / "x.csv",
        )


def test_without_labels_it_says_so(root, tmp_path):
    dataset, blank = Dataset(root / "dataset"), Labels(tmp_path)
    for sample in dataset.of("train", "val"):
        blank.write(sample.id, np.full((sample.height, sample.width), UNLABELLED, np.uint8), dataset.card)
    with pytest.raises(ValueError, match="no labelled pixel"):
        pretrain.stage(Params(), 0, dataset=root / "dataset", labels=tmp_path, out=tmp_path / "out")


def test_none_is_the_default(root):
    assert Training().start == "none"
    run(root, quick(epochs=1), "plain")
