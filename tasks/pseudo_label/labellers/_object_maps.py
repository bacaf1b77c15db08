"""Masks of objects -> one map of objects and one of labels: small masks over large."""

import numpy as np
from jaxtyping import Bool, Float32, Int, Int32, UInt8

from segmend.images.rasters import NO_REGION, RegionMap
from segmend.images.regions import areas
from tasks.pseudo_label.labellers._model import ModelLabels


def paint(masks: Bool[np.ndarray, "n h w"]) -> tuple[RegionMap, Int32[np.ndarray, " kept"]]:
    """Ids 0.. of the visible objects, largest first, and the mask that each is; of equal areas the later lies above."""
    if not len(masks):
        return np.full(masks.shape[1:], NO_REGION, np.int32), np.zeros(0, np.int32)
    upwards = np.lexsort((-np.arange(len(masks)), masks.sum(axis=(1, 2))))  # smallest first
    top = masks[upwards].argmax(axis=0)  # the first that covers the pixel
    seen = np.where(masks.any(axis=0), len(masks) - 1 - top, NO_REGION)
    ranks, ids = np.unique(seen, return_inverse=True)
    covered = int(ranks[0] == NO_REGION)
    kept = upwards[len(masks) - 1 - ranks[covered:]]
    return (ids.reshape(seen.shape) - covered).astype(np.int32), kept.astype(np.int32)


def labelled(
    objects: RegionMap,
    names: UInt8[np.ndarray, " n"],
    scores: Float32[np.ndarray, "n k"],
    rest: int,
    rest_scores: Float32[np.ndarray, " k"],
    regions: RegionMap,
) -> ModelLabels:
    """Each object's label and scores at its pixels, `rest` where there is no object."""
    owners = np.where(objects == NO_REGION, len(names), objects)
    labels = np.append(names, np.uint8(rest))[owners].astype(np.uint8)
    return ModelLabels(labels, means(owners, np.vstack([scores, rest_scores[None]]), regions), objects)


def means(
    owners: Int[np.ndarray, "h w"], table: Float32[np.ndarray, "n k"], regions: RegionMap
) -> Float32[np.ndarray, "regions k"]:
    """The mean over each region of its pixels' rows of the table."""
    sizes, width = areas(regions), len(table)
    inside = regions != NO_REGION
    cells = regions[inside].astype(np.int64) * width + owners[inside]
    shares = np.bincount(cells, minlength=len(sizes) * width).reshape(len(sizes), width) / np.maximum(sizes, 1)[:, None]
    return (shares @ table).astype(np.float32)
