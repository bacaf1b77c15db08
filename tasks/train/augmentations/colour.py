"""Change brightness, contrast, saturation and hue at random; the labels stay.

Library: torchvision.transforms.v2.ColorJitter, the four changes in random order.
Formula: factors uniform in 1 - x .. 1 + x, hue shifted by a share of the circle uniform in -hue .. hue
Limits: all four 0 is the identity.
"""

from typing import Literal

from pydantic import Field
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.pixel_maps import PixelMaps


class Colour(Method):
    name: Literal["colour"] = "colour"
    brightness: float = Field(0.2, ge=0, le=1, description="factor drawn from 1 - this to 1 + this")
    contrast: float = Field(0.2, ge=0, le=1, description="likewise, around the mean grey")
    saturation: float = Field(0.2, ge=0, le=1, description="likewise, around the grey picture")
    hue: float = Field(0.0, ge=0, le=0.5, description="turn of the colour circle, at most this share either way")

    def __call__(self, image: Tensor, maps: PixelMaps) -> tuple[Tensor, PixelMaps]:
        from torchvision.transforms.v2 import ColorJitter  # two seconds to import, paid only where it is chosen

        return ColorJitter(self.brightness, self.contrast, self.saturation, self.hue)(image), maps
