"""Turn by a random multiple of 90 degrees: for pictures without an up (micrographs, aerial images).

Formula: k quarter turns anticlockwise, k uniform in 0..3; no pixel is interpolated
Limits: every pixel keeps its label; rows and columns change places when k is odd.
Costs: nothing.
"""

from typing import Literal

import torch
from torch import Tensor

from segmend.stage.params import Method
from tasks.train.api.pixel_maps import PixelMaps


class Rotate90(Method):
    name: Literal["rotate90"] = "rotate90"

    def __call__(self, image: Tensor, maps: PixelMaps) -> tuple[Tensor, PixelMaps]:
        turns = int(torch.randint(4, ()))
        return torch.rot90(image, turns, (-2, -1)), maps.apply(lambda values: torch.rot90(values, turns, (-2, -1)))
