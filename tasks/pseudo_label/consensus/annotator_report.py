"""Statistics of the sources: who agrees with whom, how reliable each is, who copies, which to ask next.

A copy agrees more often than two sources that err independently would: expected agreement of i and j is the sum over
true classes k of share_k times the sum over l of C_i[k, l] C_j[k, l] (for one-coin sources q_i q_j + (1 - q_i)(1 -
q_j) / (K - 1)). Confusions are those on gold: the consensus flatters those who agree with it, so by its measure copies
are to be expected and honest sources are not. Without gold, see copy_detection.py. Errors are taken image by image, for pixels
of one image are not independent; one image, or a table of regions, is binomial.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8
from scipy.special import betaincinv

from segmend.images.rasters import is_class
from tasks.pseudo_label.consensus.copy_detection import Together, groups, unknown

SURE = 0.95  # of the intervals
EXCESS = 0.5  # a pair is reported when this share of the disagreement that is expected of it is missing


class Ratio:
    """A ratio of sums over images, and its error from how images differ."""

    def __init__(self, *shape: int):
        self.images = np.zeros(shape)
        self.part, self.whole, self.part2, self.whole2, self.cross = (np.zeros(shape) for _ in range(5))

    def add(self, part: np.ndarray, whole: np.ndarray) -> None:
        self.images += whole > 0
        self.part += part
        self.whole += whole
        self.part2 += part**2
        self.whole2 += whole**2
        self.cross += part * whole

    @property
    def value(self) -> np.ndarray:
        """nan where nothing was counted."""
        return np.where(self.whole > 0, self.part / np.maximum(self.whole, 1e-12), np.nan)

    @property
    def error(self) -> np.ndarray:
        r, n, g = np.nan_to_num(self.value), np.maximum(self.whole, 1e-12), self.images
        spread = np.maximum(self.part2 - 2 * r * self.cross + r**2 * self.whole2, 0)
        between = np.sqrt(spread * g / np.maximum(g - 1, 1)) / n
        return np.where(g > 1, between, np.sqrt(r * (1 - r) / n))


class Tally:
    """Counts over images, for A sources and K classes."""

    def __init__(self, sources: int, classes: int):
        self.pairs, self.right, self.gold = Ratio(sources, sources), Ratio(sources), Ratio(sources)
        self.confusion, self.gold_confusion = (np.zeros((sources, classes, classes)) for _ in range(2))
        self.together = Together(sources, classes)
        self.images = np.zeros(sources, np.int64)
        self.classes = classes

    def add(
        self,
        labels: UInt8[np.ndarray, "p a"],
        size: Float64[np.ndarray, " p"],
        posterior: Float64[np.ndarray, "p k"],
        gold: UInt8[np.ndarray, " p"] | None = None,
    ) -> None:
        """One image's patterns (or a table of regions), with what is believed of them."""
        votes = (labels[:, :, None] == np.arange(self.classes)).astype(np.float64)  # (p, a, k)
        answered = votes.sum(axis=2)
        self.images += answered.any(axis=0)
        both = answered.T @ (answered * size[:, None])
        flat = votes.reshape(len(votes), -1)
        same = (flat.T @ (flat * size[:, None])).reshape(*votes.shape[1:], *votes.shape[1:])
        self.pairs.add(np.einsum("akbk->ab", same), both)
        self.together.add(same)
        counts = np.einsum("pk,pal->akl", posterior * size[:, None], votes)
        self.right.add(np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2)))
        self.confusion += counts
        if gold is not None:
            known = np.where(is_class(gold), size, 0.0)[:, None] * (gold[:, None] == np.arange(self.classes))
            counts = np.einsum("pk,pal->akl", known, votes)
            self.gold.add(np.trace(counts, axis1=1, axis2=2), counts.sum(axis=(1, 2)))
            self.gold_confusion += counts


class Judged(NamedTuple):
    """Estimates for the sources."""

    reliability: Float64[np.ndarray, " a"]
    low: Float64[np.ndarray, " a"]
    high: Float64[np.ndarray, " a"]
    error: Float64[np.ndarray, " a"]
    by_gold: np.ndarray  # bool (a,)
    confusion: Float64[np.ndarray, "a k l"]  # rows add up to 1
    observed: Float64[np.ndarray, "a a"]
    expected: Float64[np.ndarray, "a a"]  # nan where one of the two has no gold


def interval(share: np.ndarray, error: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jeffreys' interval of a share whose standard error is known, of at most `most` independent answers."""
    varied = share * (1 - share) / np.maximum(error, 1e-12) ** 2
    n = np.clip(np.where(error > 0, varied, most), 1, np.maximum(most, 1))
    right, wrong = share * n + 0.5, (1 - share) * n + 0.5
    return betaincinv(right, wrong, (1 - SURE) / 2), betaincinv(right, wrong, (1 + SURE) / 2)


def judged(tally: Tally) -> Judged:
    """Reliability from gold where there is any for a source, else from agreement with the consensus."""
    by_gold = tally.gold.whole > 0
    share = np.nan_to_num(np.where(by_gold, tally.gold.value, tally.right.value), nan=1 / tally.classes)
    error = np.where(by_gold, tally.gold.error, tally.right.error)
    low, high = interval(share, error, np.where(by_gold, tally.gold.whole, tally.right.whole))
    counts = np.where(by_gold[:, None, None], tally.gold_confusion, tally.confusion)
    # a class that was never asked about borrows the source's overall reliability, worth one answer
    off = ((1 - share) / (tally.classes - 1))[:, None, None]
    prior = off + (share[:, None, None] - off) * np.eye(tally.classes)
    counts = counts + prior
    confusion = counts / counts.sum(axis=2, keepdims=True)
    mass = tally.confusion.sum(axis=(0, 2))
    expected = np.einsum("k,akl,bkl->ab", mass / max(mass.sum(), 1e-12), confusion, confusion)
    expected = np.where(by_gold[:, None] & by_gold, expected, np.nan)
    return Judged(share, low, high, error, by_gold, confusion, tally.pairs.value, expected)


def copies(tally: Tally, estimate: Judged) -> list[tuple[int, int]]:
    """Pairs of sources with gold that agree more than their confusions allow, by more than the error of both."""
    q, e = estimate.reliability, estimate.error
    error = np.sqrt(tally.pairs.error**2 + (q[:, None] * e[None]) ** 2 + (q[None] * e[:, None]) ** 2)
    excess = np.nan_to_num(estimate.observed - estimate.expected)
    free = np.nan_to_num(1 - estimate.expected)
    copied = (excess > 2 * error) & (excess > EXCESS * free) & (free > 1e-6)
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(copied, 1))]


def warnings_of(names: tuple[str, ...], tally: Tally, estimate: Judged) -> list[str]:
    """Sentences for people."""
    sentences = []
    for a, b in copies(tally, estimate):
        sentences.append(
            f"warning: {names[a]} and {names[b]} agree on {estimate.observed[a, b]:.0%} where {estimate.expected[a, b]:.0%} is expected "
            "of independent sources: they copy each other, or are one model; drop one of the two, or choose the aggregator "
            "weighted"
        )
    seen = None if estimate.by_gold.all() else groups(tally.together)
    if seen and seen.told:
        first, second = (", ".join(names[a] for a in group) for group in (seen.first, seen.second))
        sentences.append(
            f"warning: at least one of two groups of sources agrees more than independent mistakes allow: {first}; or {second}. "
            "Which of them copy each other, or share their mistakes, cannot be told from agreement: add gold masks (masks/gold) on "
            "some images and choose the aggregator weighted"
        )
    # not the interval of the consensus: how far agreement flatters is a question of its value
    flattered = estimate.by_gold & (np.nan_to_num(tally.right.value) > estimate.high)
    for a in np.flatnonzero(flattered).tolist():
        sentences.append(
            f"warning: the consensus takes {names[a]} to be right in {tally.right.value[a]:.0%} and gold gives "
            f"{estimate.low[a]:.0%} to {estimate.high[a]:.0%}: choose the aggregator weighted, which goes by gold"
        )
    return sentences


def information(
    posterior: Float64[np.ndarray, "t k"], confusion: Float64[np.ndarray, "a k l"]
) -> Float64[np.ndarray, "t a"]:
    """Bits that one more answer of each source is expected to give about each task: H(answer) - H(answer | truth)."""
    answer = np.einsum("tk,akl->tal", posterior, confusion)
    given = -(confusion * np.log2(np.maximum(confusion, 1e-300))).sum(axis=2)  # (a, k)
    return np.maximum(-(answer * np.log2(np.maximum(answer, 1e-300))).sum(axis=2) - posterior @ given.T, 0)


def table(names: tuple[str, ...], tally: Tally, estimate: Judged, classes: tuple[str, ...]) -> dict[str, Any]:
    """sources.json without the questions."""
    sources = [
        {
            "source": name,
            "images": int(tally.images[a]),
            "answers": int(tally.right.whole[a]),
            "reliability": rounded(estimate.reliability[a]),
            "low": rounded(estimate.low[a]),
            "high": rounded(estimate.high[a]),
            "basis": "gold" if estimate.by_gold[a] else "consensus",
            "agrees_with_consensus": rounded(tally.right.value[a]),
            "confusion": np.round(estimate.confusion[a], 6).tolist(),
        }
        for a, name in enumerate(names)
    ]
    pairs = [
        {
            "first": names[a],
            "second": names[b],
            "observed": rounded(estimate.observed[a, b]),
            "expected": rounded(estimate.expected[a, b]),
            "error": rounded(tally.pairs.error[a, b]),
        }
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if tally.pairs.whole[a, b] > 0
    ]
    return {
        "classes": list(classes),
        "sources": sources,
        "agreement": pairs,
        "copying": copying(names, tally, estimate),
    }


def copying(names: tuple[str, ...], tally: Tally, estimate: Judged) -> dict[str, Any]:
    """What was done to find copies, and what of it is not known."""
    if estimate.by_gold.all():
        return {"basis": "gold", "pairs": [[names[a], names[b]] for a, b in copies(tally, estimate)]}
    seen = groups(tally.together)
    if seen is None:
        return {"basis": None, "unknown": unknown(tally.together) or "no four sources labelled the same images"}
    return {
        "basis": "agreement",
        "pairs": [[names[a], names[b]] for a, b in copies(tally, estimate)],  # of those with gold
        "groups": [[names[a] for a in group] for group in (seen.first, seen.second)],
        "excess": rounded(seen.excess),
        "error": rounded(seen.error),
        "told": seen.told,
    }


def rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
