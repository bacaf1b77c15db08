"""One step of training: what scaled gradients (fp16) change, which is nothing."""

import pytest
import torch

from tests.train.steps import batch, train_step

CHOICES = {
    "plain": {},
    "clipped": {"gradients": [{"name": "clip_norm", "clip_norm": {"most": 0.1}}]},
    "znorm": {"gradients": [{"name": "znorm"}], "optimizer": {"name": "sgd", "sgd": {"decoupled": True}}},
    "sam": {"sharpness": {"name": "sam"}},
    "asam": {"sharpness": {"name": "sam", "sam": {"adaptive": True, "rho": 0.5}}},
}


def weights(one) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in one.state.network.parameters()])


@pytest.mark.parametrize("changes", CHOICES.values(), ids=CHOICES)
def test_scaled_gradients_step_as_plain_ones(changes):
    """Also over two parts a step: the scale is taken off once, before anything looks at the gradient."""
    plain, scaled = train_step(**changes), train_step(torch.float16, **changes)
    assert scaled.state.scaler.is_enabled() and scaled.state.scaler.get_scale() == 65536
    for step in range(3):
        for one in (plain, scaled):
            one.step([batch(2 * step), batch(2 * step + 1)], step / 3)
    assert torch.allclose(weights(plain), weights(scaled), rtol=1e-4, atol=1e-6)
    assert torch.allclose(plain.state.running, scaled.state.running)


@pytest.mark.parametrize("changes", CHOICES.values(), ids=CHOICES)
def test_a_step_that_overflows_is_left_out_and_the_scale_falls(changes):
    one = train_step(torch.float16, **changes)
    before = weights(one)
    overflow = next(one.state.network.parameters()).register_hook(lambda gradient: gradient / 0)
    one.step([batch(0), batch(1)], 0.0)
    assert torch.equal(weights(one), before)
    assert one.state.scaler.get_scale() == 32768
    assert one.non_finite == 0 and one.state.running.isfinite().all()  # the loss itself was fine
    overflow.remove()
    one.step([batch(0), batch(1)], 0.0)
    assert weights(one).isfinite().all() and not torch.equal(weights(one), before)


def test_counts_the_steps_since_the_loss_is_non_finite():
    one = train_step()
    one.step([batch(0)], 0.0)
    assert one.non_finite == 0
    with torch.no_grad():
        next(one.state.network.parameters()).fill_(float("nan"))
    for expected in (1, 2):
        one.step([batch(0)], 0.0)
        assert one.non_finite == expected
