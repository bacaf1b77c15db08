"""A classifier by direction: logits are cosines between features and class weights, over a temperature.

Paper: Gidaris and Komodakis, Dynamic Few-Shot Visual Learning without Forgetting, CVPR 2018, arXiv 1804.09458; with temperature
    0.1 in Hwang et al., Active Learning for Semantic Segmentation with Multi-class Label Query, NeurIPS 2023.
Formula: logit[k] = cos(x, w[k]) / temperature, x the feature of a pixel, w[k] a learnt vector; no bias
Limits: logits lie within -1/temperature .. 1/temperature; the length of a feature does not matter.
"""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

Head = Annotated[
    Literal["linear", "cosine", "embedding"],
    Field(
        description="classifier: linear, cosine (features compared by direction alone, over `temperature`), or embedding (products "
        "with the given vectors of the classes)"
    ),
]
Temperature = Annotated[
    float, Field(ge=0.001, le=100, description="of head cosine: cosines are divided by it (MulActSeg: 0.1)")
]


class Cosine(nn.Conv2d):
    """A 1x1 convolution of unit features with unit weights. In float32: bfloat16's cosines are too coarse to be divided."""

    def __init__(self, inputs: int, classes: int, temperature: float):
        super().__init__(inputs, classes, 1, bias=False)
        self.temperature = temperature

    def forward(self, x: Float[Tensor, "b d h w"]) -> Float[Tensor, "b k h w"]:
        with torch.autocast(x.device.type, enabled=False):
            return F.conv2d(F.normalize(x.float()), F.normalize(self.weight)) / self.temperature
