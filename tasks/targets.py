"""What a loss learns from besides the logits; made by the training loop, read by every loss."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from tasks.rasters import UNLABELLED


class Targets(NamedTuple):
    """One batch. Ignored pixels (void, unlabelled, padding) have label 0 and valid False; the loop drops their loss."""

    labels: Int64[Tensor, "b h w"]
    valid: Bool[Tensor, "b h w"]
    frequency: Float[Tensor, " c"]  # the share of each class among all labelled training pixels; sums to 1


def targets_of(labels: UInt8[Tensor, "b h w"], frequency: Float[Tensor, " c"]) -> Targets:
    """Label maps as a loss wants them: ignored pixels 0, and marked."""
    valid = labels < UNLABELLED
    return Targets(torch.where(valid, labels, 0).long(), valid, frequency)
