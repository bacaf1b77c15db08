"""Three opinions on a pixel's class (the given label, the network, the corrector), weighed by answers whose asking probability is known.

The truth is taken to follow a conditional logit over the classes: P(k) is proportional to exp(theta . f(k)), with f(k)

    1[k = g, n = g] (1, 2 s - 1)          the given label g where the network n agrees, with probability s: also a network that
                                          repeats a mistake is less sure of it
    1[k = g, n != g]                      the given label where the network does not agree
    1[k = n, n != g] (1, 2 s - 1)         the network where it does not agree
    log p(k)                              the corrector's probability
    1[k = g = j], 1[k = c = j]            for each class j: how far its given labels, and the corrector's (c), may be better or worse

theta has independent normal priors. An answer that chance asked for counts once, one that an acquisition chose less: given what the
three say it is as good, but acquisitions go where the formula above may not hold. The mode and the inverse Hessian there (Laplace)
say how sure a difference of two classes is.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import logsumexp, softmax

STEPS = 50  # of Newton's method
LEAST_STEP = 1e-8  # a smaller one ends it
LEAST = 0.01  # probabilities of the corrector are not taken to be lower
# Means and standard deviations before any answer: labels that the network repeats are right against any one other class with
# odds of 20, and no opinion outweighs them surely.
MEAN = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 0.5])
DEVIATION = np.array([1.5, 1.5, 1.5, 1.5, 1.5, 0.5])
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

    def scores(self, opinions: Opinions) -> Float64[np.ndarray, "n classes"]:
        """theta . f(k) of every class of each place, at the mode; its softmax is P(k)."""
        return scores(opinions, self.theta)

    def best(
        self, opinions: Opinions, score: Float64[np.ndarray, "n classes"], z: float
    ) -> tuple[Int64[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """The best class of each place beside the given one by its `scores`, and whether it is better than that one even at `z`
        standard deviations below what the answers say."""
        rows = np.arange(len(opinions.given))
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
    sure = 2 * opinions.sure - 1
    found[:, 0], found[:, 2], found[:, 3] = given & agree, given & ~agree, said & ~agree
    found[:, 1], found[:, 4] = found[:, 0] * sure, found[:, 3] * sure
    rows = np.arange(n)
    found[:, 5] = np.log(np.maximum(opinions.corrector[rows, named], LEAST))
    found[rows[given], len(MEAN) + named[given]] = 1
    own = named == opinions.corrector.argmax(axis=1)
    found[rows[own], len(MEAN) + classes + named[own]] = 1
    return found


def scores(opinions: Opinions, theta: Float64[np.ndarray, " f"]) -> Float64[np.ndarray, "n classes"]:
    """theta . f(k) of every class."""
    n, classes = opinions.corrector.shape
    rows, base = np.arange(n), len(MEAN)
    agree, sure = opinions.given == opinions.network, 2 * opinions.sure - 1
    found = theta[5] * np.log(np.maximum(opinions.corrector, LEAST))
    found[rows, opinions.given] += np.where(agree, theta[0] + theta[1] * sure, theta[2]) + theta[base + opinions.given]
    apart = np.flatnonzero(~agree)
    found[apart, opinions.network[apart]] += theta[3] + theta[4] * sure[apart]
    own = opinions.corrector.argmax(axis=1)
    found[rows, own] += theta[base + classes + own]
    return found


def fitted(opinions: Opinions, answers: Int64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"]) -> Pool:
    """The most probable theta and its covariance; with no answers the prior."""
    n, classes = opinions.corrector.shape
    mean = np.concatenate([MEAN, np.zeros(2 * classes)])
    precision = np.diag(1 / np.concatenate([DEVIATION, np.full(2 * classes, BY_CLASS)]) ** 2)
    every = np.stack([features(opinions, np.full(n, k)) for k in range(classes)], axis=1)  # (n, classes, f)
    rows = np.arange(n)

    def posterior(theta: Float64[np.ndarray, " f"]) -> float:
        """Its logarithm, but for a constant."""
        score, off = every @ theta, theta - mean
        likely = score[rows, answers] - logsumexp(score, axis=1)
        return float(weights @ likely - off @ precision @ off / 2)

    theta, height = mean.copy(), posterior(mean)
    for _ in range(STEPS):
        share = softmax(every @ theta, axis=1)
        expected = np.einsum("nk,nkf->nf", share, every)
        slope = ((every[rows, answers] - expected) * weights[:, None]).sum(axis=0) - precision @ (theta - mean)
        square = np.einsum("n,nk,nkf,nkg->fg", weights, share, every, every, optimize=True)
        hessian = square - (expected * weights[:, None]).T @ expected + precision
        step = np.linalg.solve(hessian, slope)
        # Far from the mode a whole step may lead down: it is halved until it leads up.
        while (reached := posterior(theta + step)) < height and np.abs(step).max() > LEAST_STEP:
            step = step / 2
        if reached < height:
            break
        theta, height = theta + step, reached
        if np.abs(step).max() < LEAST_STEP:
            break
    return Pool(theta, np.linalg.inv(hessian))
