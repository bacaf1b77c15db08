"""What holds for every loss that remembers, or learns a parameter of its own, while the network learns."""

import pytest
import torch
from torch import nn

from tasks.train.api.targets import Targets
from tasks.train.losses import LOSSES
from tasks.train.losses.backward import Backward
from tasks.train.losses.elr import Elr
from tasks.train.losses.forward import Forward
from tasks.train.losses.ill import Ill

NOISY = ((0.7, 0.1, 0.1, 0.1), (0.2, 0.8, 0.0, 0.0), (0.1, 0.1, 0.8, 0.0), (0.0, 0.0, 0.3, 0.7))
DEFAULTS = [kind() for kind in LOSSES if kind().build(4, 6).state_dict()]
ALL = [
    *DEFAULTS,
    Elr(memory="float32", weights="inverse"),
    Forward(matrix=NOISY),
    Forward(estimate="joint"),
    Forward(share=0.5),
    Backward(matrix=NOISY),
    Backward(share=0.5),
    Ill(noise="none"),
]
every = pytest.mark.parametrize("loss", ALL, ids=repr)


def batch(number: int, progress: float, dtype=torch.float32, scale: float = 2.0) -> tuple[torch.Tensor, Targets]:
    """Two images of three cells each; two sets of classes in the second."""
    generator = torch.Generator().manual_seed(number)
    labels = torch.randint(0, 4, (2, 5, 6), generator=generator)
    valid = torch.rand(2, 5, 6, generator=generator) > 0.2
    sets = torch.full_like(labels, -1)
    sets[1, 3:, :3], sets[1, 3:, 3:] = 0, 1
    table = torch.tensor([[[1, 1, 0, 0], [0, 0, 1, 1]]] * 2, dtype=torch.bool)
    cells = torch.arange(6).view(2, 1, 3).repeat_interleave(2, 2).expand(2, 5, 6)
    logits = scale * torch.randn(2, 4, 5, 6, generator=generator)
    targets = Targets(
        labels, valid, torch.tensor([0.4, 0.3, 0.2, 0.1]).to(dtype), sets, table, cells, progress=progress
    )
    return logits.to(dtype), targets


def image(targets: Targets, k: int) -> Targets:
    parts = (None if one is None else one[k : k + 1] for one in (targets.sets, targets.candidates, targets.cells))
    return Targets(
        targets.labels[k : k + 1], targets.valid[k : k + 1], targets.frequency, *parts, None, targets.progress
    )


def learnt(loss, dtype=torch.float32) -> nn.Module:
    """After nine of ten steps."""
    ready = loss.build(4, 6)
    if dtype == torch.float64:
        ready = ready.double()
    for step in range(9):
        ready(*batch(step, step / 10, dtype))
    return ready


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def copy(ready: nn.Module, loss) -> nn.Module:
    other = loss.build(4, 6)
    other.load_state_dict(ready.state_dict())
    return other


@every
def test_values_and_gradients_are_finite_at_every_point_of_the_training(loss):
    ready = loss.build(4, 6)
    for step in range(10):
        for scale in (0.0, 2.0, 1e4, 1e30):
            logits, targets = batch(step, step / 10, scale=scale)
            values = ready(logits.requires_grad_(), targets)
            values.sum().backward()
            assert values.isfinite().all() and logits.grad.isfinite().all()
            assert all(parameter.grad.isfinite().all() for parameter in ready.parameters())


@every
def test_gradient_is_the_numerical_one(loss):
    ready = learnt(loss, torch.float64)
    logits, targets = batch(9, 0.9, torch.float64)
    assert torch.autograd.gradcheck(
        lambda x, *_: ready(x, targets), (logits.requires_grad_(), *ready.parameters()), fast_mode=True
    )


@every
def test_a_killed_training_goes_on_as_if_nothing_had_happened(loss):
    ready = learnt(loss)
    other = copy(ready, loss)
    for step in (9, 10):
        assert torch.equal(ready(*batch(step, step / 11)), other(*batch(step, step / 11)))
    assert same(ready, other)


@every
def test_validation_changes_nothing(loss):
    ready = learnt(loss)
    before = copy(ready, loss)
    logits, targets = batch(9, 0.0)
    ready.eval()
    seen = Targets(targets.labels, targets.valid, targets.frequency)
    assert torch.equal(ready(logits, seen), ready(logits, seen))
    assert same(ready, before)


@every
def test_ignored_pixels_teach_nothing(loss):
    ready = learnt(loss)
    other = copy(ready, loss)
    for step in (9, 10):
        logits, targets = batch(step, step / 11)
        noise = torch.where(targets.valid[:, None], logits, torch.randn_like(logits))
        assert torch.equal(ready(logits, targets)[targets.valid], other(noise, targets)[targets.valid])
    assert same(ready, other)


@every
def test_parts_of_a_step_count_as_one_batch_in_any_order(loss):
    whole = loss.build(4, 6)
    parts, turned = copy(whole, loss), copy(whole, loss)
    for step in range(10):
        logits, targets = batch(step, step / 10)
        values = whole(logits, targets)
        for ready, order in ((parts, (0, 1)), (turned, (1, 0))):
            found = {k: ready(logits[k : k + 1], image(targets, k))[0] for k in order}
            assert torch.allclose(
                torch.stack([found[0], found[1]]), values, atol=2e-3 if isinstance(loss, Elr) else 1e-5
            )


@every
def test_a_second_look_in_a_step_finds_the_first_ones_memory(loss):
    """Sharpness takes the gradient at two places of one step."""
    ready = learnt(loss)
    logits, targets = batch(9, 0.9)
    first = ready(logits, targets)
    assert torch.equal(ready(logits, targets), first)


@pytest.mark.parametrize("loss", [loss for loss in ALL if not getattr(loss, "matrix", None)], ids=repr)
def test_renaming_classes_changes_nothing(loss):
    """But for a loss with a given matrix, whose rows are of the classes as they are called."""
    order = torch.tensor([2, 0, 3, 1])  # new class k was order[k]
    ready, other = loss.build(4, 6), loss.build(4, 6)
    for step in range(10):
        logits, targets = batch(step, step / 10)
        renamed = targets._replace(
            labels=order.argsort()[targets.labels],
            frequency=targets.frequency[order],
            candidates=targets.candidates[..., order],
        )
        assert torch.allclose(other(logits[:, order], renamed), ready(logits, targets), atol=1e-4)
