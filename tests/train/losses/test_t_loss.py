"""T-loss: numbers by hand, and the card's limits."""

from math import exp, lgamma, log, pi

import pytest
import torch

from tasks.train.api.targets import Targets
from tasks.train.losses.t_loss import TLoss


def value(log_v: float, logits: torch.Tensor, labels: list[int]) -> torch.Tensor:
    """The loss of one image: a row of pixels, logits (c, n); label -1 is ignored."""
    y = torch.tensor(labels).view(1, 1, -1)
    targets = Targets(y.clamp_min(0), y >= 0, torch.ones(len(logits)) / len(logits))
    return TLoss(log_v=log_v).build(len(logits), 0)(logits[None, :, None], targets)[0, 0, 0].detach()


def test_one_pixel_by_hand():
    # One error of 1 (sure and wrong) under a Cauchy distribution: ln pi + ln(1 + 1);
    # at p = (1/2, 1/2): ln pi + ln(1 + 1/4)
    assert float(value(0, torch.tensor([[200.0], [0.0]]), [1])) == pytest.approx(log(2 * pi), abs=1e-5)
    assert float(value(0, torch.zeros(2, 1), [1])) == pytest.approx(log(pi) + log(1.25), abs=1e-5)


def test_two_classes_are_the_papers_one_channel():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 9, dtype=torch.float64), [0, 1, 1, 0, 1, 0, 0, 1, 1]
    v, n = exp(1.0), 9
    s = float((torch.sigmoid(logits[1] - logits[0]) - torch.tensor(labels)).square().sum())
    paper = -lgamma((v + n) / 2) + lgamma(v / 2) + n / 2 * log(pi * v) + (v + n) / 2 * log(1 + s / v)
    assert float(value(1, logits, labels)) == pytest.approx(paper / n, rel=1e-6)


def test_much_freedom_is_the_squared_error():
    torch.manual_seed(0)
    logits, labels = torch.randn(3, 5, dtype=torch.float64), [0, 1, 2, 2, 1]
    error = (logits.softmax(0).T - torch.eye(3)[labels]).square().sum(1) / 2
    expected = log(2 * pi) / 2 + float(error.mean()) / 2
    assert float(value(10, logits, labels)) == pytest.approx(expected, abs=1e-3)


def test_little_freedom_grows_with_the_logarithm_of_the_error():
    one, four = torch.zeros(2, 64, dtype=torch.float64), torch.zeros(2, 64, dtype=torch.float64)
    one[0], four[0] = log(3), -log(3)  # p of the label 3/4 and 1/4: errors of 1/16 and 9/16 at each pixel
    grows = float(value(-10, four, [0] * 64) - value(-10, one, [0] * 64))
    assert grows == pytest.approx(log(9) / 2, rel=1e-3)


def test_ignored_pixels_are_not_counted():
    torch.manual_seed(0)
    logits = torch.randn(3, 6)
    assert torch.allclose(value(1, logits, [0, 2, -1, 1, -1, -1]), value(1, logits[:, [0, 1, 3]], [0, 2, 1]))
    assert float(value(1, logits, [-1] * 6)) == pytest.approx(0, abs=1e-6)


def test_the_freedom_is_learnt():
    """Errors that a normal distribution explains want more of it: the gradient raises v. Its rate is a tenth."""
    ready = TLoss(log_v=0).build(2, 0)
    labels = torch.zeros(1, 8, 8, dtype=torch.long)
    targets = Targets(labels, labels == 0, torch.tensor([1.0, 0.0]))
    ready(torch.tensor([-5.0, 5.0]).view(1, 2, 1, 1).expand(1, 2, 8, 8), targets).mean().backward()
    assert ready.log_v.grad < 0
    assert TLoss.rate == 0.1


def test_validation_shows_what_depends_on_the_network():
    ready = TLoss(log_v=0).build(2, 0).eval()
    targets = Targets(torch.ones(1, 1, 1, dtype=torch.long), torch.ones(1, 1, 1, dtype=torch.bool), torch.ones(2) / 2)
    assert float(ready(torch.zeros(1, 2, 1, 1), targets).detach()) == pytest.approx(log(1.25), abs=1e-5)
