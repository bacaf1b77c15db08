"""What a loss learns from besides the logits; made by the training loop, read by every loss."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int32, Int64, UInt8
from torch import Tensor

from segmend.answers.candidate_sets import FIRST_SET
from segmend.images.rasters import UNLABELLED


class Targets(NamedTuple):
    """One batch. Ignored pixels (void, unlabelled, padding) have label 0 and valid False; the loop drops their loss.

    A pixel of which only a set of classes is known is valid, has label 0, and stands in `sets`. There are such pixels only
    for losses that say `partial`; without them both fields are None.
    """

    labels: Int64[Tensor, "b h w"]
    valid: Bool[Tensor, "b h w"]
    frequency: Float[Tensor, " c"]  # the share of each class among all labelled training pixels; sums to 1
    sets: Int64[Tensor, "b h w"] | None = None  # which row of its image's candidates holds; -1 where none does
    candidates: Bool[Tensor, "b m c"] | None = None  # the classes of each set
    cells: Int64[Tensor, "b h w"] | None = (
        None  # which cell of the training set a pixel lies in, for losses with memory
    )
    trust: Float[Tensor, "b h w"] | None = None  # how much each label is trusted, 0..1; None: all alike
    progress: float = 0.0  # share of the training that is done, 0..1


def targets_of(
    labels: UInt8[Tensor, "b h w"] | Int32[Tensor, "b h w"],
    frequency: Float[Tensor, " c"],
    candidates: Bool[Tensor, "b m c"] | None = None,
    cells: Int32[Tensor, "b h w"] | None = None,
    trust: UInt8[Tensor, "b h w"] | None = None,
    progress: float = 0.0,
) -> Targets:
    """Label maps (with sets, where there are candidates) as a loss wants them: ignored pixels 0, and marked.

    Where a pixel is ignored its cell is 0 and its trust 0; `trust` comes as 0..255, as it is on disk.
    """
    known = labels < UNLABELLED
    single = torch.where(known, labels, 0).long()
    sets = None
    if candidates is not None and candidates.shape[1]:
        sets = (labels.long() - FIRST_SET).clamp_min(-1)
        known = known | (sets >= 0)
    else:
        candidates = None
    places = None if cells is None else torch.where(known, cells, 0).long()
    trusted = None if trust is None else torch.where(known, trust, 0).float() / 255
    return Targets(single, known, frequency, sets, candidates, places, trusted, progress)
