"""The integer maps that belong to an image in training: labels, and what losses and selections read beside them."""

from collections.abc import Callable
from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Int32, UInt8
from torch import Tensor

from segmend.images.rasters import VOID


class PixelMaps(NamedTuple):
    """Maps of equal size, of one image (h, w) or of a batch (b, h, w); augmentations move all of them alike.

    None: the map is not needed by the chosen loss, selection and correction.
    """

    labels: UInt8[Tensor, "*b h w"] | Int32[Tensor, "*b h w"]  # class ids, UNLABELLED, VOID; with sets of classes int32
    cells: Int32[Tensor, "*b h w"] | None = None  # the cell of the training set, for losses with memory
    trust: UInt8[Tensor, "*b h w"] | None = None  # how much a label is trusted, 0..255
    given: UInt8[Tensor, "*b h w"] | None = None  # the labels before they were corrected in training, without sets

    def apply(self, function: Callable[[Tensor], Tensor]) -> "PixelMaps":
        """`function` of each map."""
        return PixelMaps(*(None if values is None else function(values) for values in self))  # type: ignore[arg-type]

    def pad(self, missing: tuple[int, ...]) -> "PixelMaps":
        """The maps with void labels at the sides (see torch.nn.functional.pad); the others are not read where labels are void."""
        return self.apply(lambda values: F.pad(values, missing, value=VOID))
