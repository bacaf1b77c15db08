"""What two networks say, compared."""

from math import exp, log

import pytest
import torch

from tasks.train.teachers._divergence import divergence, ramp


def test_divergence_by_hand():
    # p = (1/2, 1/2), q = (3/4, 1/4): (log(2/3) + log 2) / 2 = 0.143841
    # and the other way round: 3/4 log(3/2) + 1/4 log(1/2) = 0.130812
    even, sure = torch.zeros(1, 2, 1, 1), torch.tensor([log(3.0), 0.0]).view(1, 2, 1, 1)
    assert divergence(even, sure).item() == pytest.approx(0.143841, abs=1e-6)
    assert divergence(sure, even).item() == pytest.approx(0.130812, abs=1e-6)
    assert divergence(2 * even, 2 * sure, 2.0).item() == pytest.approx(0.143841, abs=1e-6)


def test_equal_answers_are_not_apart_and_huge_ones_stay_finite():
    logits = 1e4 * torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    other = logits.flip(1).requires_grad_()
    assert divergence(logits, logits).abs().max() == 0
    divergence(logits, other).sum().backward()
    assert other.grad.isfinite().all()


def test_ramp_by_hand():
    assert [ramp(progress, 0.2, 0.1) for progress in (0.0, 0.19, 0.3, 1.0)] == [0, 0, 1, 1]
    assert ramp(0.25, 0.2, 0.1) == pytest.approx(exp(-1.25))
    assert ramp(0.2, 0.2, 0.0) == 1
    assert ramp(0.99, 1.0, 0.5) == 0
