"""From beliefs to labels: the most likely class, or the classes whose expected mean IoU is highest.

Paper of the second: Lipton, Elkan and Naryanaswamy, Optimal thresholding of classifiers to maximize F1, ECML 2014;
    Dembczynski et al., 2011; for IoU the same reasoning gives the threshold J / (1 + J).
Formula: soft IoU of class k, J_k = I_k / U_k with I_k = sum of size * p_k over what is called k, and U_k = size of
    what is called k + sum of size * p_k over the rest. What one more pixel called k brings is (p_k (1 + J_k) - J_k) /
    U_k; each task gets the class that brings most, J and U are taken anew, until nothing changes; of all passes the
    best is kept, and no group gets a worse expected mean IoU than the most likely classes would give it.
Limits: posteriors of 0 and 1 alone: both rules say the same. Many binary foreground pixels of p = J / (1 + J) exactly
    are indifferent.
Differs: expectation of the ratio is taken as the ratio of expectations. The climb ends at the nearest top, so it starts
    from the rarest class above .5, .35, .2 and .1 in turn, and from the most likely.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

ROUNDS = 20


def decided(
    posterior: Float64[np.ndarray, "t k"],
    size: Float64[np.ndarray, " t"],
    group: Int64[np.ndarray, " t"],
    rule: Literal["most_likely", "expected_iou"],
) -> Int64[np.ndarray, " t"]:
    """The class of each task; `group` says over what the IoU is taken (an image, or all)."""
    likely = posterior.argmax(axis=1)
    if rule == "most_likely" or not len(likely):
        return likely
    groups = int(group.max(initial=0)) + 1
    best, best_score = likely.copy(), expected_iou(posterior, size, group, groups, likely)[0].mean(axis=1)
    # Climbing ends at the nearest top, so it starts from several places: classes called from lower and lower posteriors.
    for threshold in (0.5, 0.35, 0.2, 0.1):
        label = started(posterior, size, group, groups, threshold)
        for _ in range(ROUNDS):
            scores, union = expected_iou(posterior, size, group, groups, label)
            score = scores.mean(axis=1)
            better = (score > best_score + 1e-12)[group]
            best = np.where(better, label, best)
            best_score = np.maximum(best_score, score)
            gain = (posterior * (1 + scores[group]) - scores[group]) / np.maximum(union[group], 1e-9)
            new = gain.argmax(axis=1)
            if (new == label).all():
                break
            label = new
    return best


def started(
    posterior: Float64[np.ndarray, "t k"],
    size: Float64[np.ndarray, " t"],
    group: Int64[np.ndarray, " t"],
    groups: int,
    threshold: float,
) -> Int64[np.ndarray, " t"]:
    """The rarest class above the threshold, or the most likely where none is."""
    mass = sums(posterior * size[:, None], group, groups)
    rare = np.where(posterior >= threshold, -mass[group], -np.inf)
    return np.where(np.isfinite(rare).any(axis=1), rare.argmax(axis=1), posterior.argmax(axis=1))


def expected_iou(
    posterior: Float64[np.ndarray, "t k"],
    size: Float64[np.ndarray, " t"],
    group: Int64[np.ndarray, " t"],
    groups: int,
    label: Int64[np.ndarray, " t"],
) -> tuple[Float64[np.ndarray, "g k"], Float64[np.ndarray, "g k"]]:
    """Soft IoU and soft union of each class in each group; 1 where a class is neither called nor possible."""
    called = label[:, None] == np.arange(posterior.shape[1])
    mass = posterior * size[:, None]
    inside = sums(np.where(called, mass, 0.0), group, groups)
    union = sums(np.where(called, size[:, None], mass), group, groups)
    return np.where(union > 1e-9, inside / np.maximum(union, 1e-9), 1.0), union


def sums(values: Float64[np.ndarray, "t k"], group: Int64[np.ndarray, " t"], groups: int) -> Float64[np.ndarray, "g k"]:
    k = values.shape[1]
    cells = (group[:, None] * k + np.arange(k)).ravel()
    return np.bincount(cells, values.ravel(), groups * k).reshape(groups, k)
