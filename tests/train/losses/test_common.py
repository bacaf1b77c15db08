"""What holds for every loss of the table."""

import pytest
import torch

from tasks.targets import Targets, targets_of
from tasks.train.losses import LOSSES
from tasks.train.losses.cross_entropy import CrossEntropy

every = pytest.mark.parametrize(
    "loss",
    [
        *[kind() for kind in LOSSES],
        CrossEntropy(smoothing=0.2),
        CrossEntropy(weights="inverse"),
        CrossEntropy(weights="sqrt_inverse", smoothing=0.1),
    ],
    ids=repr,
)
FREQUENCY = torch.tensor([0.5, 0.3, 0.2, 0.0])


def batch(dtype=torch.float32, scale=2.0) -> tuple[torch.Tensor, Targets]:
    torch.manual_seed(0)
    labels = torch.randint(0, 3, (2, 5, 7), dtype=torch.uint8)
    labels[0, 0, :3], labels[1, 4, 2] = 255, 254
    return scale * torch.randn(2, 4, 5, 7, dtype=dtype), targets_of(labels, FREQUENCY.to(dtype))


@every
def test_one_value_per_pixel(loss):
    logits, targets = batch()
    before = logits.clone()
    values = loss(logits, targets)
    assert values.shape == targets.labels.shape
    assert values.dtype == logits.dtype
    assert torch.equal(logits, before)


@every
def test_finite_at_huge_logits_with_finite_gradients(loss):
    logits, targets = batch(scale=1e4)
    logits.requires_grad_()
    values = loss(logits, targets)
    values.sum().backward()
    assert values.isfinite().all()
    assert logits.grad.isfinite().all()


@every
def test_gradient_is_the_numerical_one(loss):
    logits, targets = batch(torch.float64)
    assert torch.autograd.gradcheck(lambda x: loss(x, targets), logits.requires_grad_())


@every
def test_ignored_pixels_are_as_good_as_removed(loss):
    """What stands in a pixel, ignored or not, changes no other pixel's value: so dropping equals removing."""
    logits, targets = batch()
    values = loss(logits, targets)[targets.valid]
    noise = logits.clone()
    noise.movedim(1, -1)[~targets.valid] = 1e3 * torch.randn(int((~targets.valid).sum()), 4)
    assert torch.equal(loss(noise, targets)[targets.valid], values)
    kept = targets.valid[:, :, 3:].all(1).all(0).nonzero().ravel() + 3  # columns without an ignored pixel
    cut = Targets(targets.labels[..., kept], targets.valid[..., kept], targets.frequency)
    assert torch.allclose(loss(logits[..., kept], cut), loss(logits, targets)[..., kept])


@every
def test_renaming_classes_changes_nothing(loss):
    logits, targets = batch()
    order = torch.tensor([2, 0, 3, 1])  # new class k was order[k]
    renamed = Targets(order.argsort()[targets.labels], targets.valid, targets.frequency[order])
    assert torch.allclose(loss(logits[:, order], renamed), loss(logits, targets), atol=1e-6)


@every
def test_a_batch_is_its_images_one_by_one(loss):
    logits, targets = batch()
    single = [
        loss(logits[k : k + 1], Targets(targets.labels[k : k + 1], targets.valid[k : k + 1], FREQUENCY)) for k in (0, 1)
    ]
    assert torch.allclose(torch.cat(single), loss(logits, targets))


@pytest.mark.parametrize("kind", LOSSES, ids=lambda kind: kind.__name__)
def test_a_sure_right_answer_costs_nothing_with_the_defaults(kind):
    _, targets = batch()
    logits = 100.0 * torch.nn.functional.one_hot(targets.labels, 4).movedim(-1, 1).float()
    assert kind()(logits, targets).abs().max() < 1e-6
