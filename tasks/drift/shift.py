"""How far the mean of new images lies from that of the promoted ones, and whether chance alone would take it there.

Shift of a column: (mean of the new - mean of the promoted) / standard deviation of all. Of a measure with several columns the largest
counts, or their root mean square where single columns mean nothing (features). Significance: permutation test (Good, Permutation,
Parametric and Bootstrap Tests of Hypotheses, 3rd ed. 2005, chapter 3): all images are divided at random into two groups of the same
sizes; p is the share of divisions with as large a shift, the real one among them. It is exact for any number of images if these are
independent. Slices of one volume and frames of one film are not: they shift together.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

ROUNDING = 1e-9  # of the largest value: a column that varies less is constant
CHUNK = 2**22  # numbers of weights that are held at once


class Shift(NamedTuple):
    """What is known of one measure. `by_chance` is the shift that random divisions exceed in a share of 1 - confidence."""

    shift: float
    column: int  # that shifted most
    signed: float  # its shift
    p: float
    by_chance: float


def shift_of(
    new: Float64[np.ndarray, "n d"],
    promoted: Float64[np.ndarray, "m d"],
    whole: bool,
    draws: int,
    confidence: float,
    seed: int,
) -> Shift:
    """The shift of a measure; `whole` is the root mean square over its columns, else the largest counts. n and m are 1 or more."""
    pooled, n, m = np.concatenate([new, promoted]), len(new), len(promoted)
    deviation = pooled.std(0)
    varies = deviation > ROUNDING * np.abs(pooled).max(0)
    scaled = np.where(varies, pooled - pooled.mean(0), 0) / np.where(varies, deviation, 1)
    factor = 1 / n + 1 / m  # the sum over all is 0, so the sum over the first group gives both means
    differences = scaled[:n].sum(0) * factor
    real = float(size(differences[None], whole)[0])
    random, found = np.random.default_rng(seed), []
    for begin in range(0, draws, step := max(1, CHUNK // (n + m))):
        group = random.permuted(np.tile(np.arange(n + m) < n, (min(step, draws - begin), 1)), axis=1)
        found.append(size(group.astype(float) @ scaled * factor, whole))
    others = np.concatenate(found)
    p = (1 + int((others >= real * (1 - 1e-9)).sum())) / (1 + draws)
    column = int(np.abs(differences).argmax())
    return Shift(real, column, float(differences[column]), p, float(np.quantile(others, confidence)))


def size(differences: Float64[np.ndarray, "b d"], whole: bool) -> Float64[np.ndarray, " b"]:
    return np.sqrt((differences**2).mean(1)) if whole else np.abs(differences).max(1)
