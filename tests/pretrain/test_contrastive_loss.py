"""The contrastive loss: numbers by hand, and the card's limits."""

from math import exp, log

import pytest
import torch

from tasks.pretrain.contrastive_loss import contrast, draw, drawable

NONE = torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)
X, Y = [1.0, 0.0], [0.0, 1.0]


def value(f, y, copy, copy_y, other=NONE, temperature=1.0) -> float:
    tensors = [torch.tensor(one) for one in (f, y, copy, copy_y)]
    return float(contrast(*tensors, *other, temperature))


def test_two_classes_by_hand():
    # each pixel: one positive with similarity 1, one negative with 0: -log(e / (e + 1))
    assert value([X, Y], [0, 1], [X, Y], [0, 1]) == pytest.approx(-log(exp(1) / (exp(1) + 1)))


def test_equal_features_cost_the_log_of_the_number_of_pixels():
    assert value([X, X], [0, 1], [X] * 5, [0, 0, 0, 1, 1]) == pytest.approx(log(5))


def test_wrong_labels_cost_more_than_right_ones():
    assert value([X, Y], [0, 1], [X, Y], [1, 0]) > value([X, Y], [0, 1], [X, Y], [0, 1]) + 0.5


def test_without_a_class_in_common_across_is_within():
    stranger = torch.tensor([X, Y]), torch.tensor([2, 2])
    within = value([X, Y], [0, 1], [X, Y], [0, 1])
    assert value([X, Y], [0, 1], [X, Y], [0, 1], stranger) == pytest.approx(within)


def test_across_only_pixels_of_the_same_class_count():
    # pixel 0 has two positives (1 within, similarity 0 across); the denominator is e + 1 (within) + 1 (across)
    partner = torch.tensor([Y, Y]), torch.tensor([0, 7])
    below = log(exp(1) + 1 + 1)
    assert value([X], [0], [X, Y], [0, 1], partner) == pytest.approx(((below - 1) + below) / 2)


def test_pixels_without_a_positive_cost_nothing():
    assert value([X], [0], [Y], [1]) == 0
    alone = value([X], [0], [X, Y], [0, 1])
    assert value([X, Y], [0, 5], [X, Y], [0, 1]) == pytest.approx(alone)


def test_the_gradient_is_the_numerical_one():
    torch.manual_seed(0)
    f, copy, other = (torch.randn(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    y = torch.tensor([0, 1, 1, 2])
    assert torch.autograd.gradcheck(lambda a, b, c: contrast(a, y, b, y, c, y.flip(0), 0.5), (f, copy, other))


def test_drawn_pixels_are_labelled_away_from_borders_and_even():
    labels = torch.zeros(12, 12, dtype=torch.uint8)
    labels[:, 6:], labels[0] = 1, 255
    free = drawable(labels, 2)
    assert free[5].tolist() == [True] * 4 + [False] * 4 + [True] * 4
    assert not free[:3].any()
    assert drawable(labels, 0).sum() == 11 * 12
    every = torch.ones_like(free)
    places = draw(labels, every, 3, 5, 2, torch.Generator().manual_seed(0))
    assert labels.ravel()[places].bincount().tolist() == [5, 5]
    assert free.ravel()[places].all()


def test_only_pixels_whose_label_is_trusted_are_drawn():
    labels = torch.tensor([[0, 0, 0, 1, 1, 1]], dtype=torch.uint8)
    sure = torch.tensor([[True, False, True, False, False, True]])
    assert draw(labels, sure, 2, 9, 0, torch.Generator()).sort()[0].tolist() == [0, 2, 5]
