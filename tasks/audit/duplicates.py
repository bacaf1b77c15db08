"""Images that are equal, or nearly, and whose masks are not: one of the two masks is wrong, or the annotators follow two rules.

Idea: equal images have equal hashes (samples.csv). Near-duplicates are found in two steps: pairs whose grey thumbnails correlate at least
THUMBNAIL, confirmed where the maps of a frozen ImageNet encoder (segmend/network/features.py), compared place by place, correlate at
least FEATURES. Masks are compared pixel by pixel, on the smaller of the two sizes by nearest pixel.
Limits: the two pictures must lie over one another: crops, turned and mirrored copies are not found. Slices of one volume are no
duplicates of each other. A set of n images costs n thumbnails in memory (4 kB each) and n^2 correlations.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import LabelMap, is_class

SIDE = 32  # pixels of a thumbnail
THUMBNAIL, FEATURES = 0.97, 0.9
DIFFERENT = 0.005  # share of the labelled pixels from which two masks differ
BLOCK = 512


class Duplicate(NamedTuple):
    """Two images of one content with different masks."""

    first: str
    second: str
    kind: str  # exact, near
    likeness: float  # 1 for equal images, else the correlation of their features
    differing: float  # share of the pixels labelled in both that have another label


def thumbnail(image: np.ndarray) -> Float32[np.ndarray, " n"]:
    """The grey picture on SIDE x SIDE pixels, of mean 0 and length 1; all 0 for a picture of one colour."""
    small = np.asarray(
        Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32
    ).ravel()
    small = small - small.mean()
    length = float(np.linalg.norm(small))
    return small / length if length > SIDE else np.zeros_like(small)  # below one grey value a pixel there is only noise


def near_pairs(thumbnails: Float32[np.ndarray, "n d"], least: float = THUMBNAIL) -> Iterator[tuple[int, int]]:
    """Pairs (i < j) whose thumbnails correlate at least so much."""
    for start in range(0, len(thumbnails), BLOCK):
        alike = thumbnails[start : start + BLOCK] @ thumbnails.T
        for row, column in np.argwhere(alike >= least).tolist():
            if start + row < column:
                yield start + row, column


def differing(first: UInt8[np.ndarray, "h w"], second: UInt8[np.ndarray, "h2 w2"]) -> float:
    """The share of the pixels labelled in both masks that have another label."""
    if first.shape != second.shape:
        rows, columns = (min(sides) for sides in zip(first.shape, second.shape, strict=True))
        first, second = (taken(mask, rows, columns) for mask in (first, second))
    known = is_class(first) & is_class(second)
    return float((first != second)[known].mean()) if known.any() else 0.0


def taken(mask: LabelMap, rows: int, columns: int) -> UInt8[np.ndarray, "{rows} {columns}"]:
    """The mask on rows x columns pixels, by nearest pixel."""
    down = (np.arange(rows) + 0.5) * mask.shape[0] / rows
    right = (np.arange(columns) + 0.5) * mask.shape[1] / columns
    return mask[down.astype(np.int64)[:, None], right.astype(np.int64)[None]]


def likeness(dataset: Dataset, first: str, second: str, encoder: Callable[[np.ndarray], Any]) -> float:
    """The correlation of the encoder's maps of two images, place by place on the coarsest grid, 0..1 for pictures of one thing."""
    maps = []
    for name in (first, second):
        values = encoder(dataset.image(name)).maps[-1].astype(np.float32)
        rows, columns = (np.linspace(0, side - 1, 8).round().astype(np.int64) for side in values.shape[1:])
        grid = values[:, rows[:, None], columns[None]]
        maps.append((grid - grid.mean(axis=(1, 2), keepdims=True)).ravel())
    lengths = np.linalg.norm(maps[0]) * np.linalg.norm(maps[1])
    return float(maps[0] @ maps[1] / lengths) if lengths else 0.0


def duplicates(
    dataset: Dataset,
    samples: Sequence[Sample],
    groups: dict[str, str],
    read: Callable[[str], LabelMap],
    thumbnails: Float32[np.ndarray, "n d"],
) -> list[Duplicate]:
    """All pairs with different masks, those that differ most first. `read` gives an image's label map by its id; images of
    one group of `groups`, as the slices of a volume, are compared only where they are equal."""
    found = []
    by_hash: dict[str, list[str]] = defaultdict(list)
    for sample in samples:
        by_hash[sample.image_sha256].append(sample.id)
    for same in by_hash.values():
        for other in same[1:]:
            share = differing(read(same[0]), read(other))
            found += [Duplicate(same[0], other, "exact", 1.0, share)] if share > 0 else []
    encoder: Callable[[np.ndarray], Any] | None = None
    for i, j in near_pairs(thumbnails):
        first, second = samples[i], samples[j]
        if first.image_sha256 == second.image_sha256 or groups[first.id] == groups[second.id]:
            continue
        share = differing(read(first.id), read(second.id))
        if share < DIFFERENT:
            continue
        if encoder is None:
            from segmend.network.features import Encoder

            encoder = Encoder(field="the audit")
        alike = likeness(dataset, first.id, second.id, encoder)
        found += [Duplicate(first.id, second.id, "near", alike, share)] if alike >= FEATURES else []
    return sorted(found, key=lambda pair: (-pair.differing, pair.first, pair.second))
