"""The small U-Net."""

import pytest
import torch
from pydantic import ValidationError

from segmend.network import segmenter
from segmend.network.architectures.unet import UNet


def test_default_has_about_the_stated_number_of_weights():
    count = sum(parameter.numel() for parameter in UNet().build(4).parameters())
    assert 0.2e6 < count < 0.45e6


def test_one_width_sees_no_further_than_its_convolutions():
    """Without pooling a pixel far away cannot matter; with it, it does."""

    def reach(widths):
        torch.manual_seed(0)
        made = UNet(widths=widths).build(2).eval()
        x = torch.randn(1, 3, 32, 32, requires_grad=True)
        made(x)[0, 0, 16, 16].backward()
        return int((x.grad.abs().sum((0, 1)) > 0).any(0).sum())

    assert reach((8,)) <= 5
    assert reach((8, 8, 8)) > 9


def test_stride_follows_the_levels():
    assert UNet(widths=(4,)).stride == 1
    assert UNet(widths=(4, 4, 4, 4)).stride == 8


def test_moving_the_input_by_the_stride_moves_the_output():
    torch.manual_seed(0)
    made = segmenter.build(UNet(widths=(4, 4)), 2).eval()
    x = torch.zeros(1, 3, 32, 32)
    x[..., 14:18, 14:18] = torch.randn(1, 3, 4, 4)
    with torch.no_grad():
        here, there = made(x), made(x.roll((2, 4), (2, 3)))
    assert torch.allclose(here[..., 8:24, 8:24], there[..., 10:26, 12:28], atol=1e-5)


@pytest.mark.parametrize("widths", [(), (0,), (4,) * 8])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(ValidationError):
        UNet(widths=widths)


def test_features_are_what_the_classifier_is_given():
    """Of length 1; with a cosine head and the classes' vectors they give the logits."""
    torch.manual_seed(0)
    made, x = segmenter.build(UNet(widths=(4, 8), head="cosine", temperature=0.5), 3).eval(), torch.randn(2, 3, 9, 14)
    with torch.no_grad():
        logits, features = made.with_features(x)
        assert torch.equal(logits, made(x))
        assert features.shape == (2, 4, 9, 14)
        vectors = torch.nn.functional.normalize(made.body.head.weight[:, :, 0, 0])
        assert torch.allclose(torch.einsum("kd,bdhw->bkhw", vectors, features) / 0.5, logits, atol=1e-5)
    assert logits.abs().max() <= 2 + 1e-5


def test_the_head_is_linear_unless_asked():
    torch.manual_seed(0)
    plain = UNet(widths=(4, 8)).build(3)
    torch.manual_seed(0)
    cosine = UNet(widths=(4, 8), head="cosine").build(3)
    assert type(plain.head) is torch.nn.Conv2d and cosine.head.bias is None
    others = [name for name in plain.state_dict() if not name.startswith("head")]
    assert all(torch.equal(plain.state_dict()[name], cosine.state_dict()[name]) for name in others)
