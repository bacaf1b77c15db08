"""The stage on toys: it learns, equal input gives equal bytes, and training begins with what it learnt."""

import numpy as np
import pytest
import torch

from tasks.dataset import Dataset
from tasks.network import load
from tasks.params import validated
from tasks.pretrain.__main__ import pretrain
from tasks.pretrain.settings import Params
from tasks.train.settings import Params as Training
from tests.train.toy import quick, run, toys


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    place = toys(tmp_path_factory.mktemp("toys"))
    (place / "params.yaml").write_text("train: {network: {name: unet, unet: {widths: [4, 8]}}}\n")
    return place


@pytest.fixture(autouse=True)
def there(root, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")


def made(root, name, **changes):
    settings = validated(Params, {"crop": 32, "per_class": 16, "epochs": 12, **changes}, "pretrain")
    return pretrain.stage(settings, 0, dataset=root / "dataset", labels=root / "labels", out=root / name)


def gap(root, name) -> float:
    """How much nearer pixels of one class are to one another than to those of others, by the cosine of their features."""
    dataset, (network, card) = Dataset(root / "dataset"), load(root / name)
    from tasks.dataset import Labels
    from tasks.network import normalise

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
        made(root, name, epochs=2)
    assert (root / "one/weights.safetensors").read_bytes() == (root / "two/weights.safetensors").read_bytes()


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
    from tasks.dataset import Labels

    dataset, blank = Dataset(root / "dataset"), Labels(tmp_path)
    for sample in dataset.of("train", "val"):
        blank.write(sample.id, np.full((sample.height, sample.width), 254, np.uint8), dataset.card)
    with pytest.raises(ValueError, match="no labelled pixel"):
        pretrain.stage(Params(), 0, dataset=root / "dataset", labels=tmp_path, out=tmp_path / "out")


def test_none_is_the_default(root):
    assert Training().start == "none"
    run(root, quick(epochs=1), "plain")
