"""How well regions can stand for the truth, as sums over images that are divided at the end.

Achievable accuracy (ASA): share of pixels that are right when every region gets its most frequent true class.
Boundary recall: share of true border pixels with a region border within `tolerance` pixels (chessboard distance).
Undersegmentation error: Neubert and Protzel 2012, sum over regions and true classes of min(inside, outside) / pixels.
Source: Stutz, Hermans, Leibe, Superpixels: an evaluation of the state-of-the-art, CVIU 2018. Only pixels whose truth is a
class count, and a border counts where the truth on both sides is a class.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy.ndimage import maximum_filter

from segmend.images.rasters import LabelMap, RegionMap, is_class
from segmend.images.regions import class_counts, edges


class Sums(NamedTuple):
    pixels: int = 0
    achievable: int = 0
    leaking: int = 0
    borders: int = 0
    recalled: int = 0

    def __add__(self, other: "Sums") -> "Sums":  # type: ignore[override]  # number by number, not one after the other
        return Sums(*(a + b for a, b in zip(self, other, strict=True)))


def sums(regions: RegionMap, truth: LabelMap, classes: int, tolerance: int) -> Sums:
    """One image's part of the scores."""
    counts = class_counts(truth, regions, classes)[:, :classes]
    inside = counts.sum(axis=1, keepdims=True)
    border = true_borders(truth)
    near = maximum_filter(edges(regions), size=2 * tolerance + 1)
    return Sums(
        int(counts.sum()),
        int(counts.max(axis=1, initial=0).sum()),
        int(np.minimum(counts, inside - counts).sum()),
        int(border.sum()),
        int((border & near).sum()),
    )


def true_borders(truth: LabelMap) -> Bool[np.ndarray, "h w"]:
    """Pixels whose right or lower neighbour is of another class, both sides being classes."""
    known = is_class(truth)
    borders = np.zeros(truth.shape, bool)
    borders[:, :-1] |= (truth[:, :-1] != truth[:, 1:]) & known[:, :-1] & known[:, 1:]
    borders[:-1] |= (truth[:-1] != truth[1:]) & known[:-1] & known[1:]
    return borders


def scores(total: Sums) -> dict[str, float | None]:
    """The three figures; None where no truth was given (or it holds no border)."""
    return {
        "achievable_accuracy": total.achievable / total.pixels if total.pixels else None,
        "boundary_recall": total.recalled / total.borders if total.borders else None,
        "undersegmentation_error": total.leaking / total.pixels if total.pixels else None,
    }
