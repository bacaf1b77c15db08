"""What holds for every selection of the table."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segmend.images.dataset import Dataset, Labels
from tasks.train.api.step_context import Outputs, StepContext
from tasks.train.api.targets import Targets, targets_of
from tasks.train.selections import SELECTIONS
from tasks.train.selections.mixture import Mixture
from tasks.train.selections.small_loss import SmallLoss
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.stopped import stopped_and_resumed

METHODS = [
    *[kind() for kind in SELECTIONS],
    SmallLoss(rate=0.5, ramp=0, per_class=False),
    SmallLoss(rates=(0.0, 0.1, 0.5, 0.9)),
    Mixture(prototypes=0, start=0),
    Mixture(prototypes=1, start=0, rate=1),
]
every = pytest.mark.parametrize("method", METHODS, ids=repr)


def batch(seed: int = 0) -> tuple[torch.Tensor, Outputs, Targets]:
    """Values, what the network said, targets: four classes, of which the last is nowhere."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (2, 5, 7), generator=rng).to(torch.uint8)
    labels[0, 0, :3], labels[1, 4, 2] = 255, 254
    trust = torch.randint(0, 256, (2, 5, 7), generator=rng, dtype=torch.uint8)
    targets = targets_of(labels, torch.tensor([0.5, 0.3, 0.2, 0.0]), trust=trust, progress=0.7)
    features = F.normalize(torch.randn(2, 6, 5, 7, generator=rng), dim=1)
    values = torch.rand(2, 5, 7, generator=rng).where(targets.valid, 0)
    return values, Outputs(torch.randn(2, 4, 5, 7, generator=rng), features), targets


def weights(built, values: torch.Tensor, seen: Outputs, targets: Targets) -> torch.Tensor:
    network = torch.nn.Identity()
    amp = torch.autocast("cpu", enabled=False)
    return StepContext(network, network, torch.zeros(2, 3, 5, 7), targets, None, built, amp).weights(values, seen)


@every
def test_weights_are_finite_from_zero_with_mean_one_and_zero_where_ignored(method):
    values, seen, targets = batch()
    before = values.clone()
    found = weights(method.build(4), values, seen, targets)
    assert found.shape == values.shape
    assert found.isfinite().all()
    assert (found >= 0).all()
    assert found[~targets.valid].abs().sum() == 0
    assert found[targets.valid].mean() == pytest.approx(1, abs=1e-5)
    assert torch.equal(values, before)


@every
def test_what_stands_in_ignored_pixels_changes_nothing(method):
    values, seen, targets = batch()
    expected = weights(method.build(4), values, seen, targets)
    out = ~targets.valid
    features, labels, trust = seen.features.clone(), targets.labels.clone(), targets.trust.clone()
    features.movedim(1, -1)[out], labels[out], trust[out] = -1.0, 3, 1.0
    noise = targets._replace(labels=labels, trust=trust)
    found = weights(method.build(4), values.masked_fill(out, 1e3), Outputs(seen.logits, features), noise)
    assert torch.equal(found, expected)


@every
def test_nothing_labelled_gives_no_weight(method):
    values, seen, targets = batch()
    nothing = targets._replace(valid=torch.zeros_like(targets.valid))
    built = method.build(4)
    assert weights(built, values, seen, nothing).abs().sum() == 0
    assert weights(built, values, seen, targets).isfinite().all()  # and what was learnt from nothing does no harm


@every
def test_huge_and_equal_losses_give_finite_weights(method):
    values, seen, targets = batch()
    built = method.build(4)
    for scale in (1e6, 0.0, 1e-8):
        assert weights(built, scale * values, seen, targets).isfinite().all()


@every
def test_a_saved_state_goes_on_alike(method):
    built, again = method.build(4), method.build(4)
    for seed in (1, 2, 3):
        weights(built, *batch(seed))
    again.load_state_dict(built.state_dict())
    assert torch.equal(weights(again, *batch()), weights(built, *batch()))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Half of every second image is trusted less."""
    root = shapes(tmp_path_factory.mktemp("toys"), train=6, val=1, test=0)
    for sample in list(Dataset(root / "dataset").of("train"))[::2]:
        half = np.full((sample.height, sample.width), 255, np.uint8)
        half[:, sample.width // 2 :] = 60
        Labels(root / "labels").write_trust(sample.id, half)
    return root


@pytest.mark.parametrize("kind", SELECTIONS, ids=lambda kind: kind.__name__)
def test_a_stopped_training_ends_with_the_same_bytes(kind, toy, monkeypatch):
    monkeypatch.chdir(toy)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    name = kind.model_fields["name"].default
    settings = quick(selection={"name": name}, epochs=4)
    stopped_and_resumed(monkeypatch, toy, settings, "stopped")
    metrics = run(toy, settings, name)
    assert metrics["steps"] == 6
    assert np.isfinite(metrics["loss"])
    assert bytes_of(toy, "stopped")["weights.safetensors"] == bytes_of(toy, name)["weights.safetensors"]
    assert bytes_of(toy, "stopped") == bytes_of(toy, name)
    if kind is not SELECTIONS[0]:  # which came first
        assert bytes_of(toy, name)["weights.safetensors"] != bytes_of(toy, "all")["weights.safetensors"]
