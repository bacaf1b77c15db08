"""Pixels of one class pulled together, others pushed away, within an image and across two.

Paper: Zhao et al., Contrastive Learning for Label Efficient Semantic Segmentation, ICCV 2021, arXiv 2012.06985.
Formula: f, f' = unit features of drawn pixels of an image and of its distorted copy I'; J' = the copy of a second image;
    e_pk = exp(f_p . f'_k / temperature)
    within:  L = mean_p 1/N'_{y_p} sum_{q in I', y_q = y_p} -log( e_pq / sum_{k in I'} e_pk )
    across:  positives also from J'; 1 / (N^{I'}_{y_p} + N^{J'}_{y_p}); the denominator is all of I' and of J' only the pixels of
    the class y_p: no negatives come from another image (the paper found that they hurt)
Limits: the loss is log(number of pixels in the denominator) where all features are alike; permuting the labels of separated
    features raises it; without a class in common, across = within.
Differs: pixels are drawn, equally many of each class, since all pairs of an image would be millions. Pixels near borders of
    the labels are left out, since noisy labels make false positives there most often.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from segmend.images.rasters import UNLABELLED


def contrast(
    f: Float[Tensor, "n d"],
    y: Int64[Tensor, " n"],
    copy: Float[Tensor, "m d"],
    copy_y: Int64[Tensor, " m"],
    other: Float[Tensor, "o d"],
    other_y: Int64[Tensor, " o"],
    temperature: float,
) -> Float[Tensor, ""]:
    """The loss of one image's pixels; `other` are the partner's (none of them: the loss within the image)."""
    inside, across = f @ copy.T / temperature, f @ other.T / temperature
    alike, partner = y[:, None] == copy_y[None], y[:, None] == other_y[None]
    below = torch.cat([inside, across.where(partner, -torch.inf)], 1).logsumexp(1, keepdim=True)
    positive = torch.cat([alike, partner], 1)
    logs = torch.cat([inside, across], 1) - below
    count = positive.sum(1)
    values = -logs.where(positive, 0).sum(1) / count.clamp_min(1)
    return values[count > 0].mean() if (count > 0).any() else f.sum() * 0


def drawable(labels: UInt8[Tensor, "h w"], rim: int) -> Bool[Tensor, "h w"]:
    """Labelled pixels further than `rim` from any other label."""
    known = labels < UNLABELLED
    if not rim:
        return known
    side = 2 * rim + 1
    padded = F.pad(labels[None, None].float(), (rim,) * 4, mode="replicate")
    high, low = F.max_pool2d(padded, side, 1)[0, 0], -F.max_pool2d(-padded, side, 1)[0, 0]
    return known & (high == low)


def draw(
    labels: UInt8[Tensor, "h w"],
    sure: Bool[Tensor, "h w"],
    classes: int,
    per_class: int,
    rim: int,
    generator: torch.Generator,
) -> Int64[Tensor, " n"]:
    """Flat indices of `sure` pixels: of each class `per_class` at random, or as many as there are."""
    free = (drawable(labels, rim) & sure).ravel()
    flat, drawn = labels.ravel(), []
    for label in range(classes):
        pixels = (free & (flat == label)).nonzero()[:, 0]
        drawn.append(pixels[torch.randperm(len(pixels), generator=generator)[:per_class]])
    return torch.cat(drawn)
