"""Three opinions on a pixel's class (the given label, the network, the corrector), weighed by answers whose asking probability is known.

The truth is taken to follow a conditional logit over the classes: P(k) is proportional to exp(theta . f(k)), with f(k)

    1[k = g, n = g], 1[k = g, n != g]     the given label g, where the network n agrees with it and where it does not
    1[k = n, n != g] (1, 2 s - 1)         the network where it does not agree, with its probability s
    log p(k)                              the corrector's probability
    1[k = g = j], 1[k = c = j]            for each class j: how far its given labels, and the corrector's (c), may be better or worse

theta has independent normal priors; answers count by the probability with which chance would have asked them, over that of
one that chance did ask. Its mode and the inverse Hessian there (Laplace) say how sure a difference of two classes is.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

STEPS = 50  # of Newton's method
LEAST = 0.01  # probabilities of the corrector are not taken to be lower
# Means and standard deviations before any answer: labels that the network repeats are right against any one other class with
# odds of 20, and no opinion outweighs them surely.
MEAN = np.array([3.0, 1.0, 1.0, 1.0, 0.5])
DEVIATION = np.array([1.5, 1.5, 1.5, 1.5, 0.5])
BY_CLASS = 0.7


class Opinions(NamedTuple):
    """What the three say of n places."""

    given: Int64[np.ndarray, " n"]
    network: Int64[np.ndarray, " n"]
    sure: Float64[np.ndarray, " n"]  # the network's probability of its class
    corrector: Float64[np.ndarray, "n classes"]  # probabilities

    def take(self, rows: Int64[np.ndarray, " m"]) -> "Opinions":
        return Opinions(*(part[rows] for part in self))


class Pool(NamedTuple):
    theta: Float64[np.ndarray, " f"]
    covariance: Float64[np.ndarray, "f f"]

    def best(self, opinions: Opinions, z: float) -> tuple[Int64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """The best class of each place beside the given one, and whether it is better than that one even at `z` standard
        deviations below what the answers say."""
        rows = np.arange(len(opinions.given))
        score = scores(opinions, self.theta)
        lead = score - score[rows, opinions.given][:, None]
        lead[rows, opinions.given] = -np.inf
        best = lead.argmax(axis=1)
        surely = np.zeros(len(rows), bool)
        may = np.flatnonzero(lead[rows, best] > 0)
        for some in np.array_split(may, max(1, len(may) // 2**15)):
            part = opinions.take(some)
            difference = features(part, best[some]) - features(part, part.given)
            spread = np.sqrt(((difference @ self.covariance) * difference).sum(axis=1))
            surely[some] = lead[some, best[some]] > z * spread
        return best, surely


def features(opinions: Opinions, named: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, "n f"]:
    """f(k) of each place for one class each."""
    n, classes = opinions.corrector.shape
    found = np.zeros((n, len(MEAN) + 2 * classes))
    given, said = named == opinions.given, named == opinions.network
    agree = opinions.given == opinions.network
    found[:, 0], found[:, 1] = given & agree, given & ~agree
    found[:, 2] = said & ~agree
    found[:, 3] = found[:, 2] * (2 * opinions.sure - 1)
    rows = np.arange(n)
    found[:, 4] = np.log(np.maximum(opinions.corrector[rows, named], LEAST))
    found[rows[given], len(MEAN) + named[given]] = 1
    own = named == opinions.corrector.argmax(axis=1)
    found[rows[own], len(MEAN) + classes + named[own]] = 1
    return found


def scores(opinions: Opinions, theta: Float64[np.ndarray, " f"]) -> Float64[np.ndarray, "n classes"]:
    """theta . f(k) of every class."""
    n, classes = opinions.corrector.shape
    rows, base = np.arange(n), len(MEAN)
    agree = opinions.given == opinions.network
    found = theta[4] * np.log(np.maximum(opinions.corrector, LEAST))
    found[rows, opinions.given] += np.where(agree, theta[0], theta[1]) + theta[base + opinions.given]
    apart = np.flatnonzero(~agree)
    found[apart, opinions.network[apart]] += theta[2] + theta[3] * (2 * opinions.sure[apart] - 1)
    own = opinions.corrector.argmax(axis=1)
    found[rows, own] += theta[base + classes + own]
    return found


def fitted(opinions: Opinions, answers: Int64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"]) -> Pool:
    """The most probable theta and its covariance; with no answers the prior."""
    n, classes = opinions.corrector.shape
    mean = np.concatenate([MEAN, np.zeros(2 * classes)])
    precision = np.diag(1 / np.concatenate([DEVIATION, np.full(2 * classes, BY_CLASS)]) ** 2)
    every = np.stack([features(opinions, np.full(n, k)) for k in range(classes)], axis=1)  # (n, classes, f)
    theta = mean.copy()
    for _ in range(STEPS):
        score = every @ theta
        share = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf))
        share /= share.sum(axis=1, keepdims=True)
        expected = np.einsum("nk,nkf->nf", share, every)
        slope = ((every[np.arange(n), answers] - expected) * weights[:, None]).sum(axis=0) - precision @ (theta - mean)
        square = np.einsum("n,nk,nkf,nkg->fg", weights, share, every, every, optimize=True)
        hessian = square - (expected * weights[:, None]).T @ expected + precision
        step = np.linalg.solve(hessian, slope)
        theta = theta + step * min(1.0, 3.0 / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return Pool(theta, np.linalg.inv(hessian))
