"""Mirror left and right, and on demand top and bottom, each with probability one half.

Formula: columns reversed if a fair coin says so; rows likewise with `vertical`
Limits: twice the same flip is the identity.
Costs: nothing. Wrong where left and right have names of their own (left hand, right hand).
"""

from typing import Literal

import torch
from pydantic import Field
from torchvision.transforms.v2 import functional as change
from torchvision.tv_tensors import Image, Mask

from tasks.params import Method


class Flip(Method):
    name: Literal["flip"] = "flip"
    vertical: bool = Field(False, description="also top and bottom (for pictures without an up)")

    def __call__(self, image: Image, labels: Mask) -> tuple[Image, Mask]:
        if torch.rand(()) < 0.5:
            image, labels = change.horizontal_flip(image), change.horizontal_flip(labels)
        if self.vertical and torch.rand(()) < 0.5:
            image, labels = change.vertical_flip(image), change.vertical_flip(labels)
        return image, labels
