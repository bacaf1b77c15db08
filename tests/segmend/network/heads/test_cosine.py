"""The classifier by direction."""

import pytest
import torch

from segmend.network.heads.cosine import Cosine


def test_by_hand_and_length_does_not_matter():
    head = Cosine(2, 2, 0.1)
    with torch.no_grad():
        head.weight[:] = torch.tensor([[3.0, 0.0], [1.0, 1.0]])[..., None, None]
        x = torch.tensor([0.6, 0.8]).view(1, 2, 1, 1)
        # cos with (1, 0) is 0.6; with (1, 1) / sqrt 2 it is 1.4 / sqrt 2 = 0.98995
        assert head(x).ravel().tolist() == pytest.approx([6.0, 9.8995], abs=1e-3)
        assert torch.allclose(head(7 * x), head(x))


def test_logits_lie_within_one_over_the_temperature_also_in_low_precision():
    torch.manual_seed(0)
    head, x = Cosine(8, 5, 0.25), 100 * torch.randn(2, 8, 6, 7)
    with torch.autocast("cpu", torch.bfloat16):
        logits = head(x)
    assert logits.dtype == torch.float32
    assert logits.abs().max() <= 4 + 1e-5
    assert torch.equal(logits, head(x))
