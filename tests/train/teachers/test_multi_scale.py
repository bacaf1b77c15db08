"""Multi-scale consistency: limits and one pixel by hand."""

from math import log

import pytest
import torch
from torch import nn

from segmend.network.segmenter import AnySize
from tasks.train.api.step_context import StepContext
from tasks.train.losses.cross_entropy import CrossEntropy
from tasks.train.selections.all import All
from tasks.train.teachers.multi_scale import MultiScale, certain, disagreement
from tasks.train.teachers.none import Nothing
from tests.train.losses.test_common import batch


def context(network: nn.Module) -> StepContext:
    targets = batch()[1]
    images = torch.rand(2, 3, 5, 7, generator=torch.Generator().manual_seed(1))
    inner, amp = AnySize(network, 1), torch.autocast("cpu", enabled=False)
    loss = CrossEntropy().build(4, 0)
    return StepContext(inner, inner, images, targets, loss, All().build(4), amp)


def value(network: nn.Module, **settings) -> torch.Tensor:
    return MultiScale(**settings).build(lambda: None)(context(network))[0]


@pytest.fixture
def conv() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv2d(3, 4, 3, padding=1)


def test_one_scale_is_the_plain_teacher(conv):
    plain = Nothing().build(lambda: None)(context(conv))[0]
    assert torch.allclose(value(conv, scales=(1.0,)), plain, atol=1e-6)


def test_without_strength_it_is_the_mean_of_the_losses(conv):
    alone = value(conv, scales=(1.0,))
    assert torch.allclose(value(conv, scales=(1.0, 1.0, 1.0), strength=0), alone, atol=1e-6)
    assert torch.allclose(value(conv, scales=(1.0, 1.0), sure=0), alone, atol=1e-6)  # they agree
    assert not torch.allclose(value(conv, strength=0), alone, atol=1e-4)


def test_the_disagreement_by_hand():
    p = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).view(2, 1, 2, 1, 1)  # two scales, two classes; q = (0.7, 0.3)
    apart, mean = disagreement(p.log(), torch.tensor([0.5, 0.5]))
    expected = 0.9 * log(0.9 / 0.7) + 0.1 * log(0.1 / 0.3) + 0.5 * log(0.5 / 0.7) + 0.5 * log(0.5 / 0.3)
    assert apart.item() == pytest.approx(expected, abs=1e-6)
    assert mean.exp().flatten().tolist() == pytest.approx([0.7, 0.3])


def test_the_disagreement_is_zero_where_all_agree_and_never_negative():
    logits = 30 * torch.randn(3, 2, 5, 4, 6, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.2, 0.3, 0.5])
    same = disagreement(logits[:1].expand(3, -1, -1, -1, -1).log_softmax(2), weights)[0]
    assert torch.allclose(same, torch.zeros_like(same), atol=1e-5)
    # Weighted differently from the mean a sum of divergences is still one of non-negative terms.
    assert disagreement(logits.log_softmax(2), weights)[0].min() >= -1e-5


def test_equal_weights_give_the_jensen_shannon_divergence():
    logs = torch.randn(3, 1, 4, 2, 2, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    apart, mean = disagreement(logs, torch.full((3,), 1 / 3))

    def entropy(log_p):
        return -(log_p.exp() * log_p).sum(-3)

    assert torch.allclose(apart / 3, entropy(mean) - entropy(logs).mean(0), atol=1e-6)


def test_one_sure_pixel_lets_its_image_in():
    mean = torch.full((2, 2, 1, 3), 0.5)
    mean[0, :, 0, 1] = torch.tensor([0.9, 0.1])
    mean[1, :, 0, 0] = torch.tensor([0.9, 0.1])
    valid = torch.tensor([[[True, True, True]], [[False, True, True]]])  # the second image's sure pixel is void
    assert certain(mean.log(), valid, 0.8, True).flatten().tolist() == [True, False]
    assert certain(mean.log(), valid, 0.8, False).flatten().tolist() == [False, True, False, False, False, False]


def test_softened_is_a_loss_at_temperature_three(conv):
    one = context(conv)
    seen = one.outputs()
    colder = one.values(seen._replace(logits=seen.logits / 3))
    found = value(conv, scales=(1.0, 1.0, 1.0), softened=True, strength=0)
    assert torch.allclose(found, 3 * colder, atol=1e-5)


def test_the_weights_of_the_scales_are_learnt_on_demand(conv):
    for learn in (True, False):
        teacher = MultiScale(learn=learn).build(lambda: None)
        teacher(context(conv))[0].sum().backward()
        assert (teacher.balance.grad is not None) == learn == any(p.requires_grad for p in teacher.parameters())


def test_the_images_own_size_must_be_among_the_scales():
    with pytest.raises(ValueError, match="1.0 must be among"):
        MultiScale(scales=(0.5, 2.0))
