"""The network against the label in conflicts: a regression on what the answers say of them (the formula is on the card of evidence.py)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import expit

from segmend.images.rasters import NO_REGION, LabelMap, is_class
from segmend.images.regions import areas, in_pieces, mean_by_region
from tasks.correct.expansion._base import AnswerOutcome, ImageContext

STEPS = 50  # of Newton's method; with the prior it converges in about ten


class Learned(NamedTuple):
    """The regression: its weights, of which the first three are those of `conflict_features`, and their covariance."""

    pairs: Int64[np.ndarray, " p"]  # the pairs of classes that answers were about, as codes, ascending
    weights: Float64[np.ndarray, " f"]  # f = 3 + p
    covariance: Float64[np.ndarray, "f f"]


def learned_from(outcomes: list[AnswerOutcome], prior: float) -> Learned | None:
    """The regression on the answers so far; None where none was about a conflict."""
    conflicts = [outcome for outcome in outcomes if outcome.shown != outcome.predicted]
    if not conflicts:
        return None
    size, shown, predicted, expected, answer = (np.array(column) for column in zip(*conflicts, strict=True))
    pairs, pair = np.unique(code(shown, predicted), return_inverse=True)
    x = np.column_stack([conflict_features(size, expected / size), np.eye(len(pairs))[pair]])
    return Learned(pairs, *regression(x, (answer == predicted).astype(np.float64), prior))


def lower_bound(
    features: Float64[np.ndarray, "n 3"], pair: Int64[np.ndarray, " n"], learned: Learned, prior: float, z: float
) -> Float64[np.ndarray, " n"]:
    """The lower end of the probability that the network is right, of each conflict.

    A pair that nobody was asked about has the prior's weight, 0, and its whole variance.
    """
    row = np.minimum(np.searchsorted(learned.pairs, pair), len(learned.pairs) - 1)
    known = learned.pairs[row] == pair
    own, with_own = learned.weights[3:][row], learned.covariance[:3, 3:][:, row].T
    variance = ((features @ learned.covariance[:3, :3]) * features).sum(axis=1)
    extra = 2 * (features * with_own).sum(axis=1) + np.diagonal(learned.covariance)[3:][row]
    variance = variance + np.where(known, extra, prior**2)
    mean = features @ learned.weights[:3] + np.where(known, own, 0)
    return expit(mean - z * np.sqrt(variance))


def mended(
    context: ImageContext, learned: Learned | None, sure: float, z: float, prior: float, smallest: int
) -> LabelMap:
    """The labels with every unasked conflict of at least `smallest` pixels relabelled where the lower bound is at least `sure`."""
    labels = context.labels.copy()
    if learned is None:
        return labels
    predicted = context.probabilities.argmax(axis=0).astype(np.uint8)
    conflict = is_class(labels) & (labels != predicted) & (context.regions != NO_REGION)
    for answer in context.answers:
        conflict.reshape(-1)[answer.region] = False
    pieces = in_pieces(code(labels, predicted), conflict)
    size = areas(pieces)
    large = np.flatnonzero(size >= smallest)
    first_pixel = np.zeros(len(size), np.int64)
    first_pixel[pieces[conflict][::-1]] = np.flatnonzero(conflict)[::-1]  # one pixel of each piece: its pair of classes
    now = np.minimum(labels, len(context.probabilities) - 1)[None].astype(np.int64)
    strength = context.probabilities.max(axis=0) - np.take_along_axis(context.probabilities, now, axis=0)[0]
    strength = mean_by_region(strength, pieces)
    pair = code(labels.ravel()[first_pixel[large]], predicted.ravel()[first_pixel[large]])
    mend = np.zeros(len(size) + 1, bool)  # the last: no piece
    mend[large] = lower_bound(conflict_features(size[large], strength[large]), pair, learned, prior, z) >= sure
    labels[mend[pieces]] = predicted[mend[pieces]]
    return labels


def code(label: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """A pair of classes as one number."""
    return label.astype(np.int64) * 256 + predicted


def conflict_features(size: Int64[np.ndarray, " n"], strength: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
    """The features of conflicts, one row each: about -1 to 1 in every column, since the prior is the same for all."""
    return np.column_stack([np.ones(len(size)), 2 * strength - 1, (np.log2(np.maximum(size, 1)) - 6) / 3])


def regression(
    x: Float64[np.ndarray, "n f"], y: Float64[np.ndarray, " n"], prior: float
) -> tuple[Float64[np.ndarray, " f"], Float64[np.ndarray, "f f"]]:
    """Logistic regression with a normal prior: the most probable weights, and Laplace's covariance around them."""
    weights = np.zeros(x.shape[1])
    shrink = np.eye(len(weights)) / prior**2
    for _ in range(STEPS):
        mean = expit(x @ weights)
        hessian = (x * (mean * (1 - mean))[:, None]).T @ x + shrink
        step = np.linalg.solve(hessian, x.T @ (y - mean) - shrink @ weights)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights, np.linalg.inv(hessian)
