"""Resize by a random factor: bilinear for the image, nearest for the labels.

Formula: sides * f, log f uniform in log low .. log high
Limits: low = high = 1 is the identity.
Costs: the resizing of one image. Put it before crop, so that batches keep one shape.
"""

from math import exp, log
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.pixel_maps import PixelMaps


class Scale(Method):
    name: Literal["scale"] = "scale"
    low: float = Field(0.75, gt=0.05, le=10, description="smallest factor")
    high: float = Field(1.33, gt=0.05, le=10, description="largest factor")

    @model_validator(mode="after")
    def in_order(self) -> "Scale":
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self

    def __call__(self, image: Tensor, maps: PixelMaps) -> tuple[Tensor, PixelMaps]:
        factor = exp(log(self.low) + float(torch.rand(())) * log(self.high / self.low))
        size = [max(1, round(side * factor)) for side in maps.labels.shape[-2:]]
        if size == list(maps.labels.shape[-2:]):
            return image, maps
        image = F.interpolate(image[None], size, mode="bilinear", antialias=True)[0]
        return image, maps.apply(lambda values: nearest(values, size))


def nearest(values: Tensor, size: list[int]) -> Tensor:
    """An integer map at another size; float64 holds every int32 exactly."""
    return F.interpolate(values[None, None].double(), size, mode="nearest")[0, 0].to(values.dtype)
