"""Imprecise labels: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.ill import Ill
from tasks.train.losses.partial import Partial


def row(p: list[list[float]], labels: list[int], table: list[list[int]] | None = None) -> tuple[torch.Tensor, Targets]:
    """A row of pixels; a label below 0 is a set, -1 the first of the table."""
    y = torch.tensor(labels).view(1, 1, -1)
    sets = None if table is None else -y - 1
    sets = None if sets is None else torch.where(y < 0, sets, -1)
    candidates = None if table is None else torch.tensor([table], dtype=torch.bool)
    frequency = torch.ones(len(p[0])) / len(p[0])
    return torch.tensor(p).log().T[None, :, None], Targets(y.clamp_min(0), y < 9, frequency, sets, candidates)


P = [[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.1, 0.3, 0.6]]


def test_by_hand():
    # T: 0.5 on the diagonal, and half of (0.8 there, 0.1 on each other) = 0.9 and 0.05
    found = Ill().build(3, 0)(*row(P, [0, -1, -2], [[1, 1, 0], [0, 1, 1]]))
    assert found.ravel().tolist() == pytest.approx([-log(0.5 * 0.9 + 0.5 * 0.05), -log(0.6), -log(0.9)], rel=1e-4)


def test_the_gradient_is_that_of_learning_the_likely_truth():
    """E: q from what is said and allowed, M: cross entropy to q, which is held fixed."""
    ready = Ill(off=0.4).build(3, 0)
    logits, targets = row(P, [0, -1, 2], [[1, 1, 0]])
    ready(logits.requires_grad_(), targets).sum().backward()
    allows = torch.stack([ready.matrix()[:, 0], torch.tensor([1.0, 1.0, 0.0]), ready.matrix()[:, 2]]).detach()
    p = torch.tensor(P)
    q = p * allows / (p * allows).sum(1, keepdim=True)
    assert torch.allclose(logits.grad[0, :, 0].T, p - q, atol=1e-6)  # the gradient of cross entropy to q


def test_nothing_wrong_is_cross_entropy_and_the_merged_positive_loss():
    for loss in (Ill(noise="none"), Ill(least=0.9999999)):
        single, sets = row(P, [0, 1, 2]), row(P, [-1, -1, -1], [[1, 0, 1]])
        ready = loss.build(3, 0)
        assert torch.allclose(ready(*single), CrossEntropy()(*single), atol=1e-5)
        assert torch.allclose(ready(*sets), Partial(ce=1, mp=1, pp=0)(*sets), atol=1e-5)


def test_a_set_of_all_classes_is_worth_nothing():
    logits, targets = row(P, [-1, -1, -1], [[1, 1, 1]])
    values = Ill().build(3, 0)(logits.requires_grad_(), targets)
    values.sum().backward()
    assert values.abs().max() < 1e-6 and logits.grad.abs().max() < 1e-6


def test_it_learns_how_labels_go_wrong():
    """Of 100 pixels of class 0, 30 are labelled 1; the network knows the truth."""
    ready = Ill(least=0).build(2, 0)
    logits, targets = row([[0.999, 0.001]] * 100 + [[0.001, 0.999]] * 100, [0] * 70 + [1] * 130)
    optimizer = torch.optim.SGD(ready.parameters(), lr=5.0)
    for _ in range(200):
        optimizer.zero_grad()
        ready(logits, targets).mean().backward()
        optimizer.step()
    assert ready.matrix().detach().flatten().tolist() == pytest.approx([0.7, 0.3, 0.0, 1.0], abs=0.02)


def test_classes_keep_their_names():
    ready = Ill(least=0.6).build(3, 0)
    with torch.no_grad():
        ready.rows.copy_(100 * torch.eye(3)[[1, 2, 0]])
    assert torch.equal(ready.matrix().argmax(1), torch.arange(3))


def test_validation_shows_cross_entropy():
    single = row(P, [0, 1, 2])
    assert torch.allclose(Ill().build(3, 0).eval()(*single), CrossEntropy()(*single), atol=1e-6)
