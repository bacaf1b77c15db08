"""All: every pixel, alike."""

import torch

from tasks.train.api.step_context import Outputs
from tasks.train.api.targets import targets_of
from tasks.train.selections.all import All


def test_every_pixel_has_weight_one():
    targets = targets_of(torch.zeros(1, 2, 3, dtype=torch.uint8), torch.tensor([0.5, 0.5]))
    values = torch.arange(6.0).view(1, 2, 3)
    assert torch.equal(All().build(2)(values, Outputs(torch.zeros(1, 2, 2, 3)), targets), torch.ones(1, 2, 3))
