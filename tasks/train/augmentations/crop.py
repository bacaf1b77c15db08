"""Cut out a random window of fixed size, so that every image of a batch has the same shape.

Formula: top and left uniform over all places where the window fits
Limits: a window of the image's size is the identity; a smaller image is padded below and right, its labels there void.
Costs: nothing; smaller windows make steps cheaper, and the network sees less around each pixel.
"""

from typing import Literal

import torch
from pydantic import Field
from torchvision.transforms.v2 import functional as change
from torchvision.tv_tensors import Image, Mask

from tasks.params import Method
from tasks.rasters import VOID


class Crop(Method):
    name: Literal["crop"] = "crop"
    height: int = Field(112, ge=8, le=8192, description="rows of the window")
    width: int = Field(112, ge=8, le=8192, description="columns of the window")

    def __call__(self, image: Image, labels: Mask) -> tuple[Image, Mask]:
        height, width = labels.shape[-2:]
        missing = [0, 0, max(0, self.width - width), max(0, self.height - height)]  # left, top, right, bottom
        if any(missing):
            image = change.pad(image, missing, padding_mode="edge")
            labels = change.pad(labels, missing, fill=VOID)
        top = int(torch.randint(max(0, height - self.height) + 1, ()))
        left = int(torch.randint(max(0, width - self.width) + 1, ()))
        window = (top, left, self.height, self.width)
        return change.crop(image, *window), change.crop(labels, *window)
