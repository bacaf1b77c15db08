"""Mixture: one posterior and one cosine by hand, the card's limits, and why the mixture is per class."""

from math import exp

import pytest
import torch
import torch.nn.functional as F

from tasks.train.api.step_context import Outputs
from tasks.train.api.targets import Targets
from tasks.train.selections.mixture import Mixture, Parts, normals, posterior


def weights(
    built: Parts,
    losses: torch.Tensor,
    labels: torch.Tensor,
    features: torch.Tensor | None = None,
    progress: float = 1.0,
) -> torch.Tensor:
    """Of a row of pixels; features by pixel."""
    y = labels.view(1, 1, -1)
    targets = Targets(
        y, torch.ones_like(y, dtype=torch.bool), torch.full((len(built.batches),), 0.5), progress=progress
    )
    maps = None if features is None else F.normalize(features, dim=1).T[None, :, None]
    seen = Outputs(torch.zeros(1, len(built.batches), 1, len(losses)), maps)
    return built(losses.view(1, 1, -1), seen, targets).ravel()


def losses(
    rng: torch.Generator, means: tuple[float, float], count: int, wrong: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses of a class, and which of its labels are wrong."""
    bad = torch.rand(count, generator=rng) < wrong
    return torch.where(bad, means[1], means[0]) + 0.2 * torch.randn(count, generator=rng), bad


def test_a_posterior_by_hand():
    # Shares 3/4 and 1/4, means 0 and 2, variances 1: equal densities at 1; at 0 the high one is exp(-2) of the low one.
    parts = torch.tensor([[[0.75, 0.25], [0.0, 0.5], [0.75, 1.25]]])
    names = torch.zeros(2, dtype=torch.long)
    found = posterior(torch.tensor([1.0, 0.0]), names, normals(parts))[:, 0]
    assert found.tolist() == pytest.approx(
        [0.75, 3 / (3 + exp(-2))], abs=2e-3
    )  # a thousandth of the class is in each part


def test_hard_and_easy_classes_are_told_apart_by_themselves():
    """Clean losses of the hard class are as high as wrong ones of the easy class."""
    rng, built = torch.Generator().manual_seed(0), Mixture(prototypes=0).build(2)
    for _ in range(40):
        (easy, bad), (hard, worse) = (losses(rng, means, 500, 0.3) for means in ((0.2, 2.0), (1.8, 4.0)))
        found = weights(built, torch.cat([easy, hard]), torch.arange(2).repeat_interleave(500))
    wrong = torch.cat([bad, worse])
    assert ((found < 0.5) == wrong).float().mean() > 0.97
    assert (found[500:][~worse] > 0.5).float().mean() > 0.95  # of the hard class's right labels
    assert found[:500].mean() == pytest.approx(1, abs=0.1)
    assert found[500:].mean() == pytest.approx(1, abs=0.1)


def test_lower_losses_never_count_less_and_scaling_changes_nothing():
    rng = torch.Generator().manual_seed(1)
    samples = [losses(rng, (0.5, 3.0), 400, 0.4)[0].clamp_min(0) for _ in range(20)]
    found = {}
    for scale in (1.0, 1e3):
        built = Mixture(prototypes=0).build(1)
        for sample in samples:
            found[scale] = weights(built, scale * sample, torch.zeros(400, dtype=torch.long))
    in_order = found[1.0][samples[-1].argsort()]
    assert (in_order.diff() <= 1e-6).all()
    assert torch.allclose(found[1.0], found[1e3], atol=1e-3)


def test_equal_losses_count_alike():
    built = Mixture(prototypes=0).build(2)
    for _ in range(3):
        found = weights(built, torch.full((6,), 0.7), torch.tensor([0, 0, 0, 1, 1, 1]))
    assert found.tolist() == [1] * 6


def test_before_start_all_count_alike_but_statistics_are_kept():
    built = Mixture(prototypes=0, start=0.5).build(1)
    sample, names = torch.tensor([0.1, 0.2, 3.0, 0.1]), torch.zeros(4, dtype=torch.long)
    assert weights(built, sample, names, progress=0.49).tolist() == [1] * 4
    assert built.batches.tolist() == [1]
    found = weights(built, sample, names, progress=0.5)
    assert found[2] < 0.01 < 1 < found[0]
    assert weights(Mixture(start=1).build(1), sample, names, torch.ones(4, 2), 0.99).tolist() == [1] * 4


def test_prototypes_alone_by_hand():
    # Equal losses: prototypes are the means of the features: (1, 0) and (0, 1). A pixel at 45 degrees is between both:
    # s = 1/2; one on its prototype has s = 1 / (1 + exp(-10)).
    built = Mixture(prototypes=1, rate=1e-6).build(2)
    names, flat = torch.tensor([0, 0, 1, 1]), torch.full((4,), 0.7)
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    weights(built, flat, names, features)
    built.batches += 1e9  # statistics stay from here on
    found = weights(built, flat[:2], torch.tensor([0, 1]), torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
    sure = 1 / (1 + exp(-10))
    assert found.tolist() == pytest.approx([0.5 / sure, 1], rel=1e-4)
    assert not Mixture(prototypes=0).build(2).wants_features
    assert built.wants_features


def test_a_class_of_which_no_pixel_is_seen_changes_nothing():
    built = Mixture(prototypes=0.5).build(3)
    found = weights(built, torch.tensor([0.1, 2.0]), torch.tensor([0, 2]), torch.eye(2))
    assert found.isfinite().all()
    assert built.batches.tolist() == [1, 0, 1]
    assert built.parts[1].abs().sum() == 0
    assert weights(built, torch.empty(0), torch.empty(0, dtype=torch.long), torch.empty(0, 2)).shape == (0,)
