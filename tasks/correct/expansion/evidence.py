"""Let the network mend what people's answers show it to be right about: every other conflict of the same kind.

Paper: ours; the aim is that of A2LC's correction module (AAAI 2026), the evidence is the answers' own.
Idea: a conflict is a connected piece where the labels say a and the network b. People were asked about some; how often was
    it b? A regression on what a conflict looks like says how sure that is for the others, and only those that are surely b,
    by the lower end of an interval, are relabelled.
Formula, for an answered query: y = 1 if the answer was b, else 0; features x = 1, strength (mean P_b - P_a), log2 of its pixels, one
    for each pair (a, b), all as they were when the question was asked: then the network had not learned its answer.
    w = mode of sum log sigmoid(+-x.w) - |w|^2 / (2 prior^2), S = inverse Hessian there (Laplace);
    an unasked conflict of at least `smallest` pixels becomes b where sigmoid(x.w - z sqrt(x'Sx)) >= sure.
Limits: no answers, or sure = 1: nothing is spread. z = 0: the mean alone decides. Pairs that nobody was asked about borrow from
    the others, with the wide interval of the prior. Pixels under any answer's footprint are never touched.
Differs: A2LC learns class from mean probabilities of the answered regions, and guards by a fixed confidence; here the question
    learned is "is the network right against this label?", and the guard widens where answers are few.
Costs: O(pixels) and a regression with K^2 + 3 weights on as many rows as there are answers; the network's predictions of all images.
"""

from typing import ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from pydantic import Field
from scipy.special import expit

from tasks.params import Method
from tasks.rasters import NO_REGION, LabelMap, is_class
from tasks.regions import areas, in_pieces, mean_by_region
from tasks.spread import Lesson, Seen

STEPS = 50  # of Newton's method; with the prior it converges in about ten


class Learned(NamedTuple):
    """The regression: its weights and how far they may be off."""

    weights: Float64[np.ndarray, " f"]
    covariance: Float64[np.ndarray, "f f"]


class Evidence(Method):
    wants_features: ClassVar[bool] = False

    name: Literal["evidence"] = "evidence"
    sure: float = Field(0.8, ge=0, le=1, description="how probable it must be, at the least, that the network is right")
    z: float = Field(
        1.28, ge=0, description="half width of the interval in standard deviations; 1.28: 90 % on one side"
    )
    prior: float = Field(2.0, gt=0, description="standard deviation of the weights before any answer")
    smallest: int = Field(8, ge=1, description="pixels of the smallest conflict that is relabelled")

    def measure(self, seen: Seen) -> dict[str, np.ndarray]:
        return {"classes": np.array(len(seen.probabilities))}

    def learn(
        self, measures: list[dict[str, np.ndarray]], lessons: list[Lesson], rng: np.random.Generator
    ) -> Learned | None:
        """From the answers so far; None where none was about a conflict."""
        told = [one for one in lessons if one.shown != one.predicted]
        if not told:
            return None
        size, shown, predicted, expected, answer = (np.array(column) for column in zip(*told, strict=True))
        x = looks(size, expected / size, shown, predicted, int(measures[0]["classes"]))
        return regression(x, (answer == predicted).astype(np.float64), self.prior)

    def spread(self, seen: Seen, learned: Learned | None) -> LabelMap:
        labels = seen.labels.copy()
        if learned is None:
            return labels
        classes = len(seen.probabilities)
        said = seen.probabilities.argmax(axis=0).astype(np.uint8)
        quarrel = is_class(labels) & (labels != said) & (seen.regions != NO_REGION)
        for told in seen.answers:
            quarrel.reshape(-1)[told.pixels] = False
        pieces = in_pieces(labels.astype(np.int64) * classes + said, quarrel)
        _, first = np.unique(pieces, return_index=True)
        first = (
            first[-len(areas(pieces)) :] if quarrel.any() else first[:0]
        )  # one pixel of each piece: its pair of classes
        now = np.minimum(labels, classes - 1)[None].astype(np.int64)
        strength = seen.probabilities.max(axis=0) - np.take_along_axis(seen.probabilities, now, axis=0)[0]
        size = areas(pieces)
        x = looks(size, mean_by_region(strength, pieces), labels.ravel()[first], said.ravel()[first], classes)
        doubt = np.sqrt(np.einsum("nf,fg,ng->n", x, learned.covariance, x))
        surely = expit(x @ learned.weights - self.z * doubt)
        mend = np.append((surely >= self.sure) & (size >= self.smallest), False)[pieces]
        labels[mend] = said[mend]
        return labels


def looks(
    size: Int64[np.ndarray, " n"],
    strength: Float64[np.ndarray, " n"],
    shown: np.ndarray,
    predicted: np.ndarray,
    classes: int,
) -> Float64[np.ndarray, "n f"]:
    """What conflicts look like, one row each: about -1 to 1 in every column, since the prior is the same for all."""
    pair = np.zeros((len(size), classes * classes))
    pair[np.arange(len(size)), shown.astype(np.int64) * classes + predicted] = 1
    return np.column_stack([np.ones(len(size)), 2 * strength - 1, (np.log2(np.maximum(size, 1)) - 6) / 3, pair])


def regression(x: Float64[np.ndarray, "n f"], y: Float64[np.ndarray, " n"], prior: float) -> Learned:
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
    return Learned(weights, np.linalg.inv(hessian))
