"""Do some sources copy one another? Detection from agreement alone, where there is no gold.

Idea: independent sources agree as far as each of them follows the truth, so agreements are products; a group of copies
    agrees more. That some group does can be seen from four sources on; which one cannot: two honest sources among three
    copies look like two copies among three honest ones.
Formula: c_ij = (sum_k P(both say k) - P(i says k) P(j says k)) / sqrt(v_i v_j), v_i = 1 - sum_k P(i says k)^2, over what
    both answered; for sources right with q whose mistakes fall on K even classes alike (K agree - 1) / (K - 1).
    Independent: c_ij = s_i s_j, so c_ij c_kl = c_ik c_jl = c_il c_jk. Excess of groups G | H: mean over pairs ij of G
    and kl of H of c_ij c_kl - (c_ik c_jl + c_il c_jk) / 2. The best split of four is grown: each further source joins
    the group where the excess is higher. It is told of above EXCESS and t errors; the error is the jackknife's over
    folds of images, t Student's quantile for all splits that were looked at.
Limits: two classes: exact for any shares of the classes and any confusions. More: exact where mistakes do not depend on
    the true class; else independent experts of different classes reach .04. A habit that some share (they draw too
    wide) looks like copying. All sources but one copy: not seen, the one looks poor. The honest are near chance: not
    seen, their agreement is a factor. Fewer than four sources, or two images: see `unknown`.
Differs: chance agreement is of each source's own class shares, as in Cohen's kappa, but scaled by standard deviations:
    kappa's own scale would break the products.
Costs: O(sources^4) once, at most LOOKED_AT sources (those with the most answers).
"""

from itertools import combinations
from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import stdtrit

FOLDS = 20  # of images, for the error
LOOKED_AT = 16  # sources
EXCESS = 0.05
LEVEL = 0.01  # of false alarms, over all splits


class Groups(NamedTuple):
    """The two groups of which at least one agrees more than independent sources would, as far as can be seen."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    excess: float
    error: float
    told: bool


class Together:
    """Counts of labels where two sources both answered, in folds of images."""

    def __init__(self, sources: int, classes: int):
        self.agreed = np.zeros((FOLDS, sources, sources))
        self.answered = np.zeros((FOLDS, sources, classes, sources))  # the first gave k where the last answered too
        self.images = 0

    def add(self, same: Float64[np.ndarray, "a k a k"]) -> None:
        """One image: how much the first called k and the second l."""
        fold = self.images % FOLDS
        self.agreed[fold] += np.einsum("akbk->ab", same)
        self.answered[fold] += same.sum(axis=3)
        self.images += 1


def unknown(together: Together) -> str | None:
    """Why nothing can be told without gold, or None."""
    sources = together.agreed.shape[1]
    if sources < 4:
        return f"without gold it cannot be told whether sources copy: four sources are needed, and there are {sources}"
    if together.images < 2:
        return "without gold it cannot be told from one image whether sources copy: two images are needed"
    return None


def groups(together: Together) -> Groups | None:
    """The split of the sources with the clearest excess; None where four sources never met or too little is there."""
    if unknown(together):
        return None
    answers = np.einsum("faka->a", together.answered)
    seen = np.sort(np.argsort(-answers, kind="stable")[:LOOKED_AT])
    agreed, answered = together.agreed[:, seen][:, :, seen], together.answered[:, seen][..., seen]
    c = correlations(agreed.sum(axis=0), answered.sum(axis=0))
    split = grown(c)
    if split is None:
        return None
    whole = excess(c[None], *split)[0]
    folds = min(together.images, FOLDS)
    left_out = correlations((agreed.sum(axis=0) - agreed)[:folds], (answered.sum(axis=0) - answered)[:folds])
    without = excess(left_out, *split)
    error = sqrt((folds - 1) / folds * float(((without - without.mean()) ** 2).sum()))
    far = -stdtrit(folds - 1, LEVEL / (3 * comb(len(seen), 4)))
    first, second = sorted(tuple(seen[sorted(group)].tolist()) for group in split)
    return Groups(first, second, float(whole), error, bool(whole > max(EXCESS, far * error)))


def correlations(
    agreed: Float64[np.ndarray, "*f a a"], answered: Float64[np.ndarray, "*f a k a"]
) -> Float64[np.ndarray, "*f a a"]:
    """c_ij; nan where two sources never met, 0 where one of them always gives the same label."""
    met = answered.sum(axis=-2)
    there = np.maximum(met, 1e-12)
    share = answered / there[..., None, :]
    chance = np.einsum("...akb,...bka->...ab", share, share)
    v = 1 - (share**2).sum(axis=-2)
    scale = np.sqrt(np.maximum(v * np.swapaxes(v, -1, -2), 0))
    c = np.where(scale > 1e-9, (agreed / there - chance) / np.maximum(scale, 1e-9), 0.0)
    return np.where(met > 0, c, np.nan)


def excess(c: Float64[np.ndarray, "f a a"], first: list[int], second: list[int]) -> Float64[np.ndarray, " f"]:
    """Mean over the quadruples of two and two whose pairs all met."""
    i, j = np.array(list(combinations(first, 2))).T[:, :, None]
    k, l = np.array(list(combinations(second, 2))).T[:, None, :]  # noqa: E741
    values = tetrads(c, i, j, k, l)
    return np.nansum(values, axis=(-2, -1)) / np.maximum((~np.isnan(values)).sum(axis=(-2, -1)), 1)


def tetrads(
    c: Float64[np.ndarray, "*f a a"],
    i: Int64[np.ndarray, "..."],
    j: Int64[np.ndarray, "..."],
    k: Int64[np.ndarray, "..."],
    l: Int64[np.ndarray, "..."],  # noqa: E741
) -> Float64[np.ndarray, "..."]:
    return c[..., i, j] * c[..., k, l] - (c[..., i, k] * c[..., j, l] + c[..., i, l] * c[..., j, k]) / 2


def grown(c: Float64[np.ndarray, "a a"]) -> tuple[list[int], list[int]] | None:
    """The best two and two, and the others beside whom they add more."""
    fours = np.array(list(combinations(range(len(c)), 4)))
    splits = np.concatenate([fours, fours[:, [0, 2, 1, 3]], fours[:, [0, 3, 1, 2]]])
    values = tetrads(c, *splits.T)
    if np.isnan(values).all():
        return None
    i, j, k, l = splits[np.nanargmax(values)].tolist()  # noqa: E741
    first, second = [i, j], [k, l]
    for m in set(range(len(c))) - {i, j, k, l}:
        beside_first, beside_second = beside(c, m, first, second), beside(c, m, second, first)
        if max(beside_first, beside_second) > -np.inf:
            (first if beside_first >= beside_second else second).append(m)
    return first, second


def beside(c: Float64[np.ndarray, "a a"], m: int, mine: list[int], theirs: list[int]) -> float:
    """The mean excess of m with each of `mine`, against the pairs of `theirs`; -inf where nobody met."""
    k, l = np.array(list(combinations(theirs, 2))).T[:, None, :]  # noqa: E741
    values = tetrads(c, np.array(m), np.array(mine)[:, None], k, l)
    return float(np.nanmean(values)) if not np.isnan(values).all() else -np.inf
