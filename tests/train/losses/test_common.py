"""What holds for every loss of the table."""

import pytest
import torch
from torch import nn

from tasks.train.api.targets import Targets, targets_of
from tasks.train.losses import LOSSES
from tasks.train.losses._base import Loss
from tasks.train.losses.bootstrapping import Bootstrapping
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.losses.dice import Dice
from tasks.train.losses.focal import Focal
from tasks.train.losses.gce import Gce
from tasks.train.losses.nfl_rce import NflRce
from tasks.train.losses.nr_dice import NrDice

DEFAULTS = [kind() for kind in LOSSES]
ALL = [
    *DEFAULTS,
    # `inverse` is the same with other factors: test_weights_are_those_of_the_label
    *[kind(weights="sqrt_inverse") for kind in LOSSES if "weights" in kind.model_fields],
    CrossEntropy(smoothing=0.2),
    CrossEntropy(weights="sqrt_inverse", smoothing=0.1),
    Gce(q=0.01),
    Gce(truncate=0.3, start=0),
    Bootstrapping(belief="hard"),
    Focal(gamma=0.5),
    NflRce(gamma=0),
    Dice(ce=1, squared=False),
    NrDice(gamma=1, squared=False),
]
every = pytest.mark.parametrize("loss", ALL, ids=repr)
FREQUENCY = torch.tensor([0.5, 0.3, 0.2, 0.0])


def built(loss: Loss, dtype: torch.dtype = torch.float32) -> nn.Module:
    """As validation sees it: what has memory remembers nothing, so that equal calls give equal values."""
    return loss.build(4, 6).to(dtype).eval()


def batch(dtype=torch.float32, scale=2.0) -> tuple[torch.Tensor, Targets]:
    torch.manual_seed(0)
    labels = torch.randint(0, 3, (2, 5, 7), dtype=torch.uint8)
    labels[0, 0, :3], labels[1, 4, 2] = 255, 254
    cells = torch.arange(2 * 3, dtype=torch.int32).repeat_interleave(25)[: 2 * 5 * 7].view(2, 5, 7)
    return scale * torch.randn(2, 4, 5, 7, dtype=dtype), targets_of(labels, FREQUENCY.to(dtype), cells=cells)


def part(targets: Targets, place: tuple) -> Targets:
    """Some images, or some columns, of a batch."""
    cells = None if targets.cells is None else targets.cells[place]
    return Targets(targets.labels[place], targets.valid[place], targets.frequency, cells=cells)


@every
def test_one_value_per_pixel(loss):
    logits, targets = batch()
    before = logits.clone()
    values = built(loss)(logits, targets)
    assert values.shape == targets.labels.shape
    assert values.dtype == logits.dtype
    assert torch.equal(logits, before)


@every
def test_finite_at_huge_logits_with_finite_gradients(loss):
    logits, targets = batch(scale=1e4)
    logits.requires_grad_()
    values = built(loss)(logits, targets)
    values.sum().backward()
    assert values.isfinite().all()
    assert logits.grad.isfinite().all()


@every
def test_finite_gradients_where_all_is_decided(loss):
    """Logits that are all equal, or so far apart that the largest probability is 1 exactly."""
    _, targets = batch()
    for scale in (0.0, 30.0, 1e30):
        logits = scale * nn.functional.one_hot(targets.labels, 4).movedim(-1, 1).float()
        logits.requires_grad_()
        built(loss)(logits, targets).sum().backward()
        assert logits.grad.isfinite().all()


@every
def test_gradient_is_the_numerical_one(loss):
    logits, targets = batch(torch.float64)
    ready = built(loss, torch.float64)
    assert torch.autograd.gradcheck(lambda x: ready(x, targets), logits.requires_grad_())


@every
def test_ignored_pixels_are_as_good_as_removed(loss):
    """What stands in an ignored pixel changes no other pixel's value: so dropping equals removing."""
    logits, targets = batch()
    ready = built(loss)
    values = ready(logits, targets)[targets.valid]
    noise = logits.clone()
    noise.movedim(1, -1)[~targets.valid] = 1e3 * torch.randn(int((~targets.valid).sum()), 4)
    assert torch.equal(ready(noise, targets)[targets.valid], values)
    if loss.per_pixel:
        kept = targets.valid[:, :, 3:].all(1).all(0).nonzero().ravel() + 3  # columns without an ignored pixel
        cut = part(targets, (..., kept))
        assert torch.allclose(ready(logits[..., kept], cut), ready(logits, targets)[..., kept])
    else:
        first = part(targets, (slice(1), slice(1, None)))  # the first image's ignored pixels are in its first row
        shown = part(targets, (slice(1), slice(None)))
        whole = ready(logits[:1], shown._replace(valid=shown.valid & (torch.arange(5) > 0)[:, None]))
        assert torch.allclose(ready(logits[:1, :, 1:], first), whole[:, 1:])


@every
def test_one_pixel_of_many_changes_only_itself_if_the_loss_says_so(loss):
    logits, targets = batch()
    other = logits.clone()
    other[0, :, 2, 3] += torch.tensor([3.0, -2.0, 0.0, 1.0])
    same = built(loss)(logits, targets) == built(loss)(other, targets)
    if loss.per_pixel:
        assert int((~same).sum()) == 1
    else:
        assert not same[0].any() and same[1].all()


@every
def test_renaming_classes_changes_nothing(loss):
    logits, targets = batch()
    order = torch.tensor([2, 0, 3, 1])  # new class k was order[k]
    renamed = targets._replace(labels=order.argsort()[targets.labels], frequency=targets.frequency[order])
    ready = built(loss)
    inside = targets.valid
    assert torch.allclose(ready(logits[:, order], renamed)[inside], ready(logits, targets)[inside], atol=1e-6)


@every
def test_a_batch_is_its_images_one_by_one(loss):
    logits, targets = batch()
    ready = built(loss)
    single = [ready(logits[k : k + 1], part(targets, (slice(k, k + 1),))) for k in (0, 1)]
    assert torch.allclose(torch.cat(single), ready(logits, targets))


@every
def test_learning_a_pixel_lowers_its_loss(loss):
    """Steps down the gradient make the given labels likelier than they were, as a whole."""
    logits, targets = batch(scale=0.5)
    logits.requires_grad_()
    ready = built(loss)
    before = ready(logits, targets)[targets.valid].mean()
    (gradient,) = torch.autograd.grad(before, logits)
    moved = logits - 1e-3 * gradient / gradient.norm()
    assert ready(moved, targets)[targets.valid].mean() < before


@pytest.mark.parametrize("loss", [one for one in DEFAULTS if "weights" in type(one).model_fields], ids=repr)
@pytest.mark.parametrize(
    ("weights", "expected"),
    # frequencies 0.5, 0.3, 0.2, 0. inverse: 2, 3.3333, 5, 0 over their mean 3; of the roots: 1.4142, 1.8257, 2.2361, 0
    # over 0.7071 + 0.5477 + 0.4472 = 1.7020
    [("inverse", [0.66667, 1.11111, 1.66667, 0.0]), ("sqrt_inverse", [0.83091, 1.07270, 1.31378, 0.0])],
)
def test_weights_are_those_of_the_label(loss, weights, expected):
    logits, targets = batch()
    weighted = loss.model_copy(update={"weights": weights})
    found = built(weighted)(logits, targets)
    assert torch.allclose(found, built(loss)(logits, targets) * torch.tensor(expected)[targets.labels], rtol=1e-4)


@pytest.mark.parametrize("loss", DEFAULTS, ids=repr)
def test_a_sure_right_answer_costs_nothing_with_the_defaults(loss):
    _, targets = batch()
    logits = 100.0 * nn.functional.one_hot(targets.labels, 4).movedim(-1, 1).float()
    assert built(loss)(logits, targets).abs().max() < 1e-6
