"""Mirror left and right, and on demand top and bottom, each with probability one half.

Formula: columns reversed if a fair coin says so; rows likewise with `vertical`
Limits: twice the same flip is the identity.
Costs: nothing. Wrong where left and right have names of their own (left hand, right hand).
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.pixel_maps import PixelMaps


class Flip(Method):
    name: Literal["flip"] = "flip"
    vertical: bool = Field(False, description="also top and bottom (for pictures without an up)")

    def __call__(self, image: Tensor, maps: PixelMaps) -> tuple[Tensor, PixelMaps]:
        if torch.rand(()) < 0.5:
            image, maps = image.flip(-1), maps.apply(lambda values: values.flip(-1))
        if self.vertical and torch.rand(()) < 0.5:
            image, maps = image.flip(-2), maps.apply(lambda values: values.flip(-2))
        return image, maps
