"""Images at several sizes."""

import pytest
import torch
from torch import nn

from tasks.train.api.multi_scale import at_scale, back_at, mean_probabilities


class Brightness(nn.Module):
    """Class 1 where the first channel is bright; class 0 on the left half, so that mirroring matters."""

    def forward(self, x):
        side = torch.linspace(1, -1, x.shape[-1]).expand(x[:, 0].shape)
        return torch.stack([side, x[:, 0]], 1)


def test_sizes_come_back():
    images = torch.rand(2, 3, 11, 14)
    assert at_scale(images, 1.0) is images
    assert at_scale(images, 0.5).shape == (2, 3, 6, 7)  # 5.5 is rounded to even
    assert back_at(torch.rand(2, 5, 6, 7), images).shape == (2, 5, 11, 14)
    assert at_scale(torch.rand(1, 3, 1, 1), 0.1).shape == (1, 3, 1, 1)


def test_the_mean_over_an_image_and_its_mirror_image_by_hand():
    images, amp = torch.zeros(1, 3, 4, 6), torch.autocast("cpu", enabled=False)
    plain = mean_probabilities(Brightness(), images, (1.0,), False, amp)
    both = mean_probabilities(Brightness(), images, (1.0,), True, amp)
    assert plain[0, 0, 0, 0].item() == pytest.approx(torch.tensor(1.0).sigmoid().item())
    assert torch.allclose(both, torch.full_like(both, 0.5), atol=1e-6)  # sigmoid(x) + sigmoid(-x) = 1
    assert torch.equal(plain, mean_probabilities(Brightness(), images, (1.0, 1.0), False, amp))


def test_the_mean_over_sizes_sums_to_one_and_keeps_no_gradient():
    images, amp = torch.rand(2, 3, 9, 13), torch.autocast("cpu", enabled=False)
    mean = mean_probabilities(nn.Conv2d(3, 4, 1), images, (0.7, 1.0, 1.5), True, amp)
    assert mean.shape == (2, 4, 9, 13) and not mean.requires_grad
    assert torch.allclose(mean.sum(1), torch.ones(2, 9, 13))
