"""The same images at several sizes, and what a network says of them, at the size they came in."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def at_scale(images: Float[Tensor, "b 3 h w"], scale: float) -> Float[Tensor, "b 3 h2 w2"]:
    """The images, larger or smaller; as they are at scale 1."""
    if scale == 1:
        return images
    size = [max(1, round(side * scale)) for side in images.shape[-2:]]
    resized = F.interpolate(images, size=size, mode="bilinear", align_corners=True)
    return resized.contiguous(memory_format=torch.channels_last)


def back_at(logits: Float[Tensor, "b k h2 w2"], images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k h w"]:
    """Logits of resized images at the size of `images`."""
    size = images.shape[-2:]
    return (
        logits if logits.shape[-2:] == size else F.interpolate(logits, size=size, mode="bilinear", align_corners=True)
    )


@torch.no_grad()
def mean_probabilities(
    network: nn.Module, images: Float[Tensor, "b 3 h w"], scales: Sequence[float], flip: bool, amp: torch.autocast
) -> Float[Tensor, "b k h w"]:
    """The mean of the class probabilities over the scales and, with `flip`, over each image and its mirror image."""
    views = []
    for scale in scales:
        resized = at_scale(images, scale)
        for mirrored in (False, True) if flip else (False,):
            with amp:
                logits = network(resized.flip(-1) if mirrored else resized)
            logits = back_at(logits.float(), images)
            views.append((logits.flip(-1) if mirrored else logits).softmax(1))
    return torch.stack(views).mean(0)
