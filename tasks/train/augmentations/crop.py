"""Cut out a random window of fixed size, so that every image of a batch has the same shape.

Formula: top and left uniform over all places where the window fits
Limits: a window of the image's size is the identity; a smaller image is padded below and right, its labels there void.
Costs: nothing; smaller windows make steps cheaper, and the network sees less around each pixel.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.pixel_maps import PixelMaps


class Crop(Method):
    name: Literal["crop"] = "crop"
    height: int = Field(112, ge=8, le=8192, description="rows of the window")
    width: int = Field(112, ge=8, le=8192, description="columns of the window")

    def __call__(self, image: Tensor, maps: PixelMaps) -> tuple[Tensor, PixelMaps]:
        height, width = maps.labels.shape[-2:]
        missing = (0, max(0, self.width - width), 0, max(0, self.height - height))  # left, right, top, bottom
        if any(missing):
            image, maps = F.pad(image, missing, mode="replicate"), maps.pad(missing)
        top = int(torch.randint(max(0, height - self.height) + 1, ()))
        left = int(torch.randint(max(0, width - self.width) + 1, ()))
        rows, columns = slice(top, top + self.height), slice(left, left + self.width)
        return image[..., rows, columns], maps.apply(lambda values: values[..., rows, columns])
