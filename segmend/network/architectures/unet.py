"""A small U-Net of our own: trains in seconds on two cores.

Paper: Ronneberger, Fischer, Brox, U-Net, MICCAI 2015, arXiv 1505.04597.
Idea: an encoder halves the image level by level, a decoder doubles it again and sees the encoder's features of equal size.
Formula: level k has widths[k] channels at 1/2^k of the size; a layer is 3x3 convolution, batch norm, ReLU.
    One layer per level on the way down (two at the bottom); on the way up: 1x1 convolution, nearest upsampling, plus
    the encoder's features, one layer.
    The classifier is a 1x1 convolution, or by cosine (segmend/network/heads/cosine.py), or by given vectors (segmend/network/heads/embedding.py).
Limits: one width = two layers at full size, without any pooling.
Differs: half the paper's layers and a quarter of its width or less; features are added, not joined, and projected
    before they are upsampled; batch norm; padded convolutions (output size = input size). At equal time on two cores this
    is worth more than the paper's form, since two thirds of its time go into the full-size level.
Costs: 0.30 M weights with the default widths.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Annotated, Literal

import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from segmend.network.heads.cosine import Cosine, Head, Temperature
from segmend.network.heads.embedding import Calibration, Embeddings, Unseen, embedding
from segmend.stage.params import Method


class UNet(Method):
    name: Literal["unet"] = "unet"
    widths: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = Field(
        (16, 32, 64, 128), min_length=1, max_length=7, description="channels of each level, from full size downwards"
    )
    head: Head = "linear"
    temperature: Temperature = 0.1
    embeddings: Embeddings = {}
    unseen: Unseen = ()
    calibration: Calibration = 0.0

    @property
    def stride(self) -> int:
        return 2 ** (len(self.widths) - 1)

    def build(self, classes: int) -> nn.Module:
        return Body(self.widths, partial(self.head_of, self.widths[0], classes))

    def head_of(self, inputs: int, classes: int) -> nn.Module:
        if self.head == "embedding":
            return embedding(inputs, classes, self)
        return Cosine(inputs, classes, self.temperature) if self.head == "cosine" else nn.Conv2d(inputs, classes, 1)

    def offline(self, body: nn.Module) -> "UNet":
        return self


class Body(nn.Module):
    classifier = "head"  # what it is given are the features of the pixels

    def __init__(self, widths: tuple[int, ...], head: Callable[[], nn.Module]):
        super().__init__()
        self.down = nn.ModuleList(layer(above, here) for above, here in pairwise((3, *widths)))
        self.bottom = layer(widths[-1], widths[-1])
        self.project = nn.ModuleList(nn.Conv2d(below, here, 1) for here, below in pairwise(widths))
        self.up = nn.ModuleList(layer(here, here) for here in widths[:-1])
        self.head = head()  # last, so that the other weights of a seed are the same with any head

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
        features = []
        for level, down in enumerate(self.down):
            x = down(F.max_pool2d(x, 2) if level else x)
            features.append(x)
        x = self.bottom(features.pop())
        for project, up in zip(reversed(self.project), reversed(self.up), strict=True):
            # Projected first: a 1x1 convolution and nearest upsampling commute, and this order does a quarter of the work.
            x = F.interpolate(project(x), scale_factor=2.0, mode="nearest")
            x = up(x + features.pop())
        return self.head(x)


def layer(inputs: int, outputs: int) -> nn.Sequential:
    """Batch norm and not group norm: at batches of 4 and more it learns as well and is up to a third faster on CPUs."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
