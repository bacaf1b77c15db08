"""The plain case."""

import torch
from torch import nn

from tasks.train.sharpness.none import Nothing


def test_nothing_is_perturbed():
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.ones(2)
    assert Nothing().offsets([weight]) is None
