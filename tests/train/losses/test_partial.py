"""Losses of sets of classes: numbers by hand, and the card's limits."""

from math import log

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.partial import Partial

ONLY = {"ce": Partial(mp=0, pp=0), "mp": Partial(ce=0, pp=0), "pp": Partial(ce=0, mp=0)}


def mean(loss: Partial, p: list[list[float]], labels: list[int], sets: list[int], table: list[list[int]]) -> float:
    """The loss of a row of pixels as the loop takes it; probabilities by pixel, then class; label -1 is ignored."""
    y = torch.tensor(labels).view(1, 1, -1)
    s = torch.tensor(sets).view(1, 1, -1)
    valid, classes = (y >= 0) | (s >= 0), len(p[0])
    candidates = torch.tensor(table, dtype=torch.bool).view(1, -1, classes)
    targets = Targets(y.clamp_min(0), valid, torch.ones(classes) / classes, s, candidates)
    logits = torch.tensor(p).clamp_min(1e-30).log().T[None, :, None]
    return float(loss(logits, targets).where(valid, 0).sum() / valid.sum())


# Pixels 0, 1 have class 0; 2, 3, 4 the set {0, 1}; 5 the set {1, 2}; 6 is ignored.
P = [[0.5, 0.3, 0.2], [0.8, 0.1, 0.1], [0.2, 0.4, 0.4], [0.6, 0.1, 0.3], [0.1, 0.3, 0.6], [0.5, 0.3, 0.2], [1, 0, 0]]
ROW = (P, [0, 0, -1, -1, -1, -1, -1], [-1, -1, 0, 0, 0, 1, -1], [[1, 1, 0], [0, 1, 1]])


def test_by_hand():
    ce = -(log(0.5) + log(0.8)) / 2  # 0.45815
    mp = -(log(0.6) + log(0.7) + log(0.4) + log(0.5)) / 4  # 0.61929
    pp = -(log(0.6) + log(0.4) + log(0.3) + log(0.2)) / 4  # pairs: the first set's 0, 1; the second's 1, 2
    for name, expected in (("ce", 16 * ce), ("mp", 8 * mp), ("pp", pp)):
        assert mean(ONLY[name], *ROW) == pytest.approx(expected, rel=1e-5)
    assert mean(Partial(), *ROW) == pytest.approx(16 * ce + 8 * mp + pp, rel=1e-5)


def test_merged_positive_of_one_class_is_cross_entropy():
    single = mean(Partial(mp=0, pp=0, ce=1), P[:4], [1, 1, 1, 1], [-1] * 4, [[0, 1, 0]])
    assert mean(Partial(ce=0, pp=0, mp=1), P[:4], [-1] * 4, [0] * 4, [[0, 1, 0]]) == pytest.approx(single, rel=1e-6)


def test_merged_positive_of_all_classes_is_nothing():
    assert mean(ONLY["mp"], P[:4], [-1] * 4, [0] * 4, [[1, 1, 1]]) == pytest.approx(0, abs=1e-6)


def test_prototypical_is_nothing_where_each_class_has_a_sure_pixel():
    p = [[1.0, 0.0, 0.0], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]]
    assert mean(ONLY["pp"], p, [-1] * 3, [0] * 3, [[1, 0, 1]]) == pytest.approx(0, abs=1e-6)
    assert mean(ONLY["pp"], p, [-1] * 3, [0] * 3, [[1, 1, 1]]) == pytest.approx(-log(0.3) / 3, rel=1e-5)


def test_a_set_outside_the_crop_asks_for_nothing():
    both = mean(Partial(), P, ROW[1], [-1, -1, 0, 0, 0, -1, -1], [[1, 1, 0], [0, 1, 1]])
    assert both == pytest.approx(mean(Partial(), P, ROW[1], [-1, -1, 0, 0, 0, -1, -1], [[1, 1, 0]]), rel=1e-6)


def test_regions_of_two_images_are_two():
    torch.manual_seed(0)
    logits, table = torch.randn(2, 3, 1, 4), torch.tensor([[1, 1, 0]], dtype=torch.bool)
    sets = torch.zeros(2, 1, 4, dtype=torch.long)
    targets = Targets(sets, sets >= 0, torch.ones(3) / 3, sets, table.expand(2, 1, 3))
    highest = logits.softmax(1)[:, :2].amax((2, 3))
    assert float(ONLY["pp"](logits, targets).mean()) == pytest.approx(float(-highest.log().mean()), rel=1e-5)


def test_the_gradient_flows_through_the_highest_pixel_alone():
    logits = torch.tensor(P).clamp_min(1e-3).log().T[None, :, None].requires_grad_()
    sets = torch.tensor(ROW[2]).view(1, 1, -1)
    candidates = torch.tensor([ROW[3]], dtype=torch.bool)
    ONLY["pp"](logits, Targets(sets.clamp_max(0) * 0, sets >= 0, torch.ones(3) / 3, sets, candidates)).sum().backward()
    assert (logits.grad[0, :, 0].abs().sum(0) > 1e-6).tolist() == [False, False, True, True, False, True, False]


def test_gradient_is_the_numerical_one_and_finite_at_huge_logits():
    torch.manual_seed(1)
    sets = torch.randint(-1, 2, (2, 4, 5))
    labels = torch.where(sets >= 0, 0, torch.randint(0, 4, (2, 4, 5)))
    table = torch.tensor([[[1, 1, 0, 0], [1, 0, 1, 1]], [[0, 1, 1, 0], [0, 0, 0, 0]]], dtype=torch.bool)
    sets[1].clamp_(max=0)  # the second image has one set, its table is padded
    targets = Targets(labels, torch.ones_like(sets, dtype=torch.bool), torch.ones(4) / 4, sets, table)
    logits = torch.randn(2, 4, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Partial()(x, targets), logits)
    huge = (1e4 * logits.detach().float()).requires_grad_()
    values = Partial()(huge, targets)
    values.sum().backward()
    assert values.isfinite().all() and huge.grad.isfinite().all()


def test_without_sets_it_is_weighted_cross_entropy():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    targets = Targets(labels, torch.ones_like(labels, dtype=torch.bool), torch.ones(3) / 3)
    assert torch.allclose(Partial(ce=1)(logits, targets), CrossEntropy()(logits, targets), atol=1e-5)
