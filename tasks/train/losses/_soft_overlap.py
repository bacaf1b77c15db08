"""What the losses of overlap share: probabilities and labels of each image's valid pixels, and the mean over its classes."""

from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from tasks.train.api.targets import Targets


class Overlap(NamedTuple):
    """Void pixels are 0 in both; a class that the image's labels do not hold is not `present`."""

    p: Float[Tensor, "b c h w"]
    g: Float[Tensor, "b c h w"]
    size: Float[Tensor, "b c"]  # the denominator, at least 1
    present: Bool[Tensor, "b c"]

    def mean(self, miss: Float[Tensor, "b c"]) -> Float[Tensor, "b h w"]:
        """The image's value, the mean of `miss` over the classes present, at each of its pixels."""
        image = miss.where(self.present, 0).sum(1) / self.present.sum(1).clamp_min(1)
        return image[:, None, None].expand(len(image), *self.p.shape[2:])


def overlap(logits: Float[Tensor, "b c h w"], targets: Targets, squared: bool) -> Overlap:
    inside = targets.valid[:, None]
    p = logits.softmax(1).where(inside, 0)
    g = F.one_hot(targets.labels, logits.shape[1]).movedim(-1, 1).where(inside, 0).to(p.dtype)
    area = g.sum((2, 3))
    size = (p.square() if squared else p).sum((2, 3)) + area
    return Overlap(p, g, size.clamp_min(1), area > 0)
