"""What holds for every teacher of the table."""

import numpy as np
import pytest
import torch

from tasks.train.selections.all import All
from tasks.train.selections.mixture import Mixture
from tasks.train.selections.small_loss import SmallLoss
from tasks.train.teachers import TEACHERS
from tests.toys import shapes
from tests.train.runs import bytes_of, quick, run
from tests.train.stopped import stopped_and_resumed
from tests.train.teachers.contexts import context, pointwise

METHODS = [kind() for kind in TEACHERS]
CHOICES = (All(), SmallLoss(rate=0.5), Mixture(start=0))
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
each = pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.name)


def network(seed: int):
    rng = torch.Generator().manual_seed(seed)
    return pointwise(torch.randn(4, 3, generator=rng).tolist(), torch.randn(4, generator=rng).tolist())


def built(method, choice):
    """The teacher and the network, which has taken a step."""
    teacher, own = method.build(lambda: network(2)), network(1)
    if teacher.peer is not None:
        teacher.selection = choice.build(4)
    teacher.after_step(network(3), 0.0)
    return teacher, own


def batch(images: int = 2):
    rng = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (images, 8, 8), generator=rng)
    labels[0, 0, :3], labels[-1, 4, 2] = 255, 254
    return labels, torch.randn(images, 3, 8, 8, generator=rng)


@every
@each
def test_values_are_finite_from_zero_and_zero_where_ignored(method, choice):
    teacher, own = built(method, choice)
    labels, images = batch()
    now = context(own, labels, images, choice.build(4), progress=0.9)
    values, seen = teacher(now)
    assert values.shape == labels.shape
    assert values.isfinite().all()
    assert (values >= -1e-6).all()
    assert values[~now.targets.valid].abs().sum() == 0
    assert seen.logits.shape == (2, 4, 8, 8)
    values.sum().backward()
    trained = [*own.parameters(), *(p for p in teacher.parameters() if p.requires_grad)]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trained)


@every
@each
def test_labels_of_ignored_pixels_change_nothing(method, choice):
    labels, images = batch()
    found = []
    for other in (0, 3):
        teacher, own = built(method, choice)
        now = context(own, labels, images, choice.build(4), progress=0.9)
        hidden = now.targets.labels.where(now.targets.valid, other)
        found.append(teacher(now._replace(targets=now.targets._replace(labels=hidden)))[0])
    assert torch.equal(*found)


@every
@each
def test_a_batch_without_labels_teaches_nothing(method, choice):
    labels, images = batch()
    teacher, own = built(method, choice)
    values = teacher(context(own, torch.full_like(labels, 254), images, choice.build(4), progress=0.9))[0]
    values.sum().backward()
    assert values.abs().sum() == 0
    trained = [*own.parameters(), *(p for p in teacher.parameters() if p.requires_grad)]
    assert all(p.grad is None or p.grad.abs().sum() == 0 for p in trained)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return shapes(tmp_path_factory.mktemp("toys"), train=6, val=1, test=0)


@every
def test_a_stopped_training_ends_with_the_same_bytes(method, toy, monkeypatch):
    monkeypatch.chdir(toy)
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    settings = quick(teacher={"name": method.name}, selection={"name": "mixture"}, epochs=4)
    stopped_and_resumed(monkeypatch, toy, settings, "stopped")
    metrics = run(toy, settings, method.name)
    assert metrics["steps"] == 6
    assert np.isfinite(metrics["loss"])
    assert bytes_of(toy, "stopped") == bytes_of(toy, method.name)
    if method != METHODS[0]:  # which came first
        assert (
            bytes_of(toy, method.name)["weights.safetensors"] != bytes_of(toy, METHODS[0].name)["weights.safetensors"]
        )
