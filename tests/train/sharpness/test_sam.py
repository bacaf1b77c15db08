"""SAM and its adaptive form: numbers by hand, the card's limits, and what they do in a step of training."""

import pytest
import torch
from torch import nn

from tasks.train.engine.step import TrainStep
from tasks.train.engine.weight_perturbation import frozen_statistics, perturbed
from tasks.train.sharpness.sam import Sam
from tests.toys import SHAPE_CARD
from tests.train.steps import batch, train_step


def offsets(method: Sam, *pairs: tuple[list[float], list[float]]) -> list[torch.Tensor]:
    parameters = []
    for weight, gradient in pairs:
        parameters.append(nn.Parameter(torch.tensor(weight)))
        parameters[-1].grad = torch.tensor(gradient)
    return method.offsets(parameters)


def test_one_length_over_all_weights():
    found = offsets(Sam(rho=0.5), ([1.0, 1.0], [3.0, 0.0]), ([7.0], [4.0]))  # ||g|| = 5
    assert torch.cat(found).tolist() == pytest.approx([0.3, 0, 0.4])


def test_adaptive_by_hand():
    # |w| g = 3, 4: length 5; w^2 g = 3, 8
    found = offsets(Sam(rho=0.5, adaptive=True), ([1.0, -2.0], [3.0, 2.0]))[0]
    assert found.tolist() == pytest.approx([0.3, 0.8])
    assert (found / torch.tensor([1.0, 2.0])).norm().item() == pytest.approx(0.5)


def test_adaptive_zeros_stay_and_ten_times_the_weight_climbs_ten_times_as_far():
    """A layer scaled by 10 has a tenth of the gradient: relative to the weights nothing changes."""
    plain = offsets(Sam(adaptive=True), ([1.0, -2.0, 0.0], [3.0, 2.0, 5.0]))[0]
    scaled = offsets(Sam(adaptive=True), ([10.0, -20.0, 0.0], [0.3, 0.2, 0.5]))[0]
    assert plain[2] == 0
    assert scaled.tolist() == pytest.approx((10 * plain).tolist())


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_scale_of_the_loss_changes_nothing(adaptive):
    one, many = (offsets(Sam(adaptive=adaptive), ([1.0, 2.0], [3 * k, -k]))[0] for k in (1.0, 65536.0))
    assert one.tolist() == pytest.approx(many.tolist())


def test_on_a_quadratic_the_gradient_is_that_of_the_perturbed_point_and_the_weights_are_restored_bit_exactly():
    random = torch.Generator().manual_seed(0)
    half = torch.randn(6, 6, generator=random)
    hessian, weight = half @ half.T, nn.Parameter(torch.randn(6, generator=random))
    before = weight.detach().clone()
    gradient = hessian @ before
    (0.5 * weight @ hessian @ weight).backward()
    climb = Sam(rho=0.3).offsets([weight])
    weight.grad = None
    with perturbed([weight], climb):
        (0.5 * weight @ hessian @ weight).backward()
        assert not torch.equal(weight.detach(), before)
    expected = hessian @ (before + 0.3 * gradient / gradient.norm())
    assert torch.allclose(weight.grad, expected, rtol=1e-5)
    assert torch.equal(weight.detach(), before)


def test_the_weights_come_back_after_an_error_too():
    weight = nn.Parameter(torch.tensor([0.1]))
    with pytest.raises(KeyError), perturbed([weight], [torch.tensor([1e9])]):
        raise KeyError
    assert weight.item() == torch.tensor(0.1).item()


def test_batch_norms_look_at_the_batch_and_do_not_remember_it():
    norm, x = nn.BatchNorm2d(2).train(), torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    with frozen_statistics(norm):
        found = norm(x)
    assert norm.num_batches_tracked == 0 and (norm.running_mean == 0).all()
    assert torch.allclose(found, norm(x)) and norm.num_batches_tracked == 1


def weights(one: TrainStep) -> list[torch.Tensor]:
    return [p.detach().clone() for p in one.state.network.parameters()]


def test_a_step_without_length_is_the_plain_step():
    plain, short = train_step(), train_step(sharpness={"name": "sam", "sam": {"rho": 0}})
    for one in (plain, short):
        one.step([batch(0)], 0.0)
    assert all(torch.equal(a, b) for a, b in zip(weights(plain), weights(short), strict=True))


def test_statistics_and_loss_of_a_step_are_those_of_its_first_pass():
    plain, climbing = train_step(), train_step(sharpness={"name": "sam", "sam": {"rho": 0.5}})
    for one in (plain, climbing):
        one.step([batch(0), batch(1)], 0.0)
    assert torch.equal(plain.state.running, climbing.state.running)
    for (name, a), b in zip(plain.state.network.named_buffers(), climbing.state.network.buffers(), strict=True):
        assert torch.equal(a, b), name
    assert not all(torch.equal(a, b) for a, b in zip(weights(plain), weights(climbing), strict=True))


def test_the_step_goes_from_the_weights_along_the_gradient_of_the_perturbed_point():
    sgd = {"name": "sgd", "sgd": {"lr": 0.1, "momentum": 0, "decay": 0}}
    one = train_step(optimizer=sgd, sharpness={"name": "sam", "sam": {"rho": 0.2}})
    by_hand = train_step(optimizer=sgd)
    before, parameters = weights(one), list(by_hand.state.network.parameters())
    one.step([batch(0)], 0.0)

    def gradient() -> list[torch.Tensor]:
        by_hand.state.optimizer.zero_grad()
        logits = by_hand.network((batch(0).images.float() / 255 - 0.4) / 0.2)
        labels = batch(0).maps.labels.long()
        nn.functional.cross_entropy(logits, labels, ignore_index=255).backward()
        return [p.grad.clone() for p in parameters]

    assert SHAPE_CARD.mean[0] == 0.4 and SHAPE_CARD.deviation[0] == 0.2
    first = gradient()
    length = torch.cat([g.flatten() for g in first]).norm()
    with torch.no_grad():
        for p, g in zip(parameters, first, strict=True):
            p += 0.2 * g / length
    second = gradient()
    for found, weight, g in zip(weights(one), before, second, strict=True):
        assert torch.allclose(found, weight - 0.1 * g, atol=1e-5)
