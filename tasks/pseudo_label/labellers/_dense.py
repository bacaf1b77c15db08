"""Scores of pixels -> label maps: the model's classes onto ours, the mirrored pass, the way back to the image's size."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from segmend.images.rasters import UNLABELLED, VOID, RegionMap
from segmend.images.regions import mean_by_region
from tasks.pseudo_label.labellers._model import ModelLabels

NOTHING, LEFT_OUT = "", "void"  # what a class of the model may stand for beside our classes


def columns_of(names: Sequence[str], classes: Sequence[str], where: str) -> Int64[np.ndarray, " m"]:
    """For each class of the model the id of ours; len(classes) is unlabelled, len(classes) + 1 void."""
    known = {**{name: k for k, name in enumerate(classes)}, NOTHING: len(classes)}
    known.setdefault(LEFT_OUT, len(classes) + 1)
    for name in names:
        if name not in known:
            raise ValueError(
                f"{where} names the class '{name}', which the data set does not have: allowed are "
                f"{', '.join(classes)}, void and '' (unlabelled)"
            )
    return np.array([known[name] for name in names], np.int64)


def mapped(
    scores: Float[Tensor, "m h w"], columns: Int64[np.ndarray, " m"], classes: int, regions: RegionMap
) -> ModelLabels:
    """The label of the model's best class at each pixel; our class's score is the sum over the model's classes for it."""
    ids = names_of(classes)[columns][scores.argmax(0).cpu().numpy()]
    ours = torch.zeros(classes + 2, *scores.shape[1:], device=scores.device)
    ours.index_add_(0, torch.from_numpy(columns).to(scores.device), scores.float())
    return ModelLabels(ids, pooled(ours[:classes].cpu().numpy(), regions))


def names_of(classes: int) -> UInt8[np.ndarray, " n"]:
    return np.array([*range(classes), UNLABELLED, VOID], np.uint8)


def pooled(scores: Float[np.ndarray, "k h w"], regions: RegionMap) -> Float[np.ndarray, "n k"]:
    return mean_by_region(scores, regions).clip(0, 1).astype(np.float32)


def mirrored(
    run: Callable[[UInt8[np.ndarray, "n h w 3"]], Float[Tensor, "n m h w"]],
    images: UInt8[np.ndarray, "n h w 3"],
    flip: bool,
) -> Float[Tensor, "n m h w"]:
    """The scores of the images; with flip, the mean with those of the mirrored images, mirrored back."""
    scores = run(images)
    return (scores + run(np.ascontiguousarray(images[:, :, ::-1])).flip(-1)) / 2 if flip else scores


def restored(
    scores: Float[Tensor, "n m a b"],
    size: tuple[int, int],
    fed: tuple[int, int] | None = None,
    valid: tuple[int, int] | None = None,
) -> Float[Tensor, "n m h w"]:
    """Scores at the image's size. Where the input was padded from `valid` to `fed` (bottom, right), the padding goes first."""
    if fed != valid and fed is not None and valid is not None:
        scores = F.interpolate(scores.float(), fed, mode="bilinear", align_corners=False)[..., : valid[0], : valid[1]]
    if tuple(scores.shape[-2:]) == size:
        return scores.float()
    return F.interpolate(scores.float(), size, mode="bilinear", align_corners=False)
