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


class Scale(Method):
    name: Literal["scale"] = "scale"
    low: float = Field(0.75, gt=0.05, le=10, description="smallest factor")
    high: float = Field(1.33, gt=0.05, le=10, description="largest factor")

    @model_validator(mode="after")
    def in_order(self) -> "Scale":
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high})")
        return self

    def __call__(self, image: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        factor = exp(log(self.low) + float(torch.rand(())) * log(self.high / self.low))
        size = [max(1, round(side * factor)) for side in labels.shape[-2:]]
        if size == list(labels.shape[-2:]):
            return image, labels
        image = F.interpolate(image[None], size, mode="bilinear", antialias=True)[0]
        layers = labels.reshape(
            1, -1, *labels.shape[-2:]
        ).double()  # whole numbers as large as int32 stay what they are
        return image, F.interpolate(layers, size, mode="nearest")[0].reshape(*labels.shape[:-2], *size).to(labels.dtype)
