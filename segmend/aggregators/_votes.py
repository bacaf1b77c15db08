"""What several annotators answered, as a list of answers, and what an aggregator believes after reading it.

A task is anything that was labelled: a region, or a pattern of labels that vote_patterns.py found on some pixels. An
answer (an edge of the graph of tasks and sources) says that a source gave a label to a task. Identical tasks are one
task with a size, so a million pixels cost no more than their patterns.
"""

from collections.abc import Callable
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from segmend.stage.params import Method

NO_GOLD = -1


class Votes:
    """Edges (task, source, label), with the size and group of each task; `groups` are images where tasks are patterns."""

    def __init__(
        self,
        task: Int64[np.ndarray, " e"],
        source: Int64[np.ndarray, " e"],
        label: Int64[np.ndarray, " e"],
        *,
        tasks: int,
        sources: int,
        classes: int,
        size: Float64[np.ndarray, " t"] | None = None,
        group: Int64[np.ndarray, " t"] | None = None,
        gold: Int64[np.ndarray, " t"] | None = None,
        unary: Float64[np.ndarray, "t k"] | None = None,
    ):
        for name, values, limit in (("task", task, tasks), ("source", source, sources), ("label", label, classes)):
            if len(values) and not 0 <= values.min() <= values.max() < limit:
                wrong = values.max() if values.max() >= limit else values.min()
                raise ValueError(
                    f"the table of answers holds the {name} {wrong}: 0..{limit - 1} is allowed; leave out the rows of "
                    "those who did not answer"
                )
        if classes < 2:
            raise ValueError(f"answers about {classes} class: a consensus needs at least two classes")
        self.task, self.source, self.label = task, source, label
        self.tasks, self.sources, self.classes = tasks, sources, classes
        self.size = np.ones(tasks) if size is None else size
        self.group = np.zeros(tasks, np.int64) if group is None else group
        self.gold = np.full(tasks, NO_GOLD) if gold is None else gold
        self.unary = unary  # log probabilities of a network, up to a constant per task

    @cached_property
    def indicators(self) -> csr_array:
        """(tasks, sources x labels): 1 where that source gave that label. A second answer of one source counts again."""
        column = self.source * self.classes + self.label
        shape = (self.tasks, self.sources * self.classes)
        return csr_array((np.ones(len(self.task)), (self.task, column)), shape=shape)

    @cached_property
    def votes(self) -> Float64[np.ndarray, "t k"]:
        """How many sources gave each label to each task."""
        cells = self.task * self.classes + self.label
        return np.bincount(cells, minlength=self.tasks * self.classes).reshape(self.tasks, -1).astype(np.float64)

    @cached_property
    def answered(self) -> Bool[np.ndarray, "t s"]:
        cells = self.task * self.sources + self.source
        return np.bincount(cells, minlength=self.tasks * self.sources).reshape(self.tasks, -1) > 0

    def by_task(self, values: Float64[np.ndarray, " e"]) -> Float64[np.ndarray, " t"]:
        return np.bincount(self.task, values, self.tasks)

    def by_source(self, values: Float64[np.ndarray, " e"]) -> Float64[np.ndarray, " s"]:
        return np.bincount(self.source, values, self.sources)

    def by_label(self, values: Float64[np.ndarray, " e"]) -> Float64[np.ndarray, "t k"]:
        """Sum of an edge's value under its task and label."""
        cells = self.task * self.classes + self.label
        return np.bincount(cells, values, self.tasks * self.classes).reshape(self.tasks, -1)

    def shares(self) -> Float64[np.ndarray, "t k"]:
        """The share of the votes each label got; equal shares where nobody answered."""
        total = self.votes.sum(axis=1, keepdims=True)
        return np.where(total > 0, self.votes / np.maximum(total, 1), 1 / self.classes)

    def clamped(self, posterior: Float64[np.ndarray, "t k"]) -> Float64[np.ndarray, "t k"]:
        """The posterior with certainty where gold is known."""
        known = self.gold != NO_GOLD
        if not known.any():
            return posterior
        sure = np.eye(self.classes)[np.where(known, self.gold, 0)]
        return np.where(known[:, None], sure, posterior)

    def counts(self, posterior: Float64[np.ndarray, "t k"]) -> Float64[np.ndarray, "s k l"]:
        """Expected size of what is of class k and was called l, by source."""
        flat = self.indicators.T @ (posterior * self.size[:, None])
        return flat.reshape(self.sources, self.classes, self.classes).transpose(0, 2, 1)

    def gold_counts(self) -> Float64[np.ndarray, "s k l"]:
        """The same on gold alone."""
        known = (self.gold != NO_GOLD)[:, None]
        return self.counts(np.where(known, np.eye(self.classes)[np.maximum(self.gold, 0)], 0.0))


class Beliefs(NamedTuple):
    """What an aggregator makes of the answers."""

    posterior: Float64[np.ndarray, "t k"]
    confusion: Float64[np.ndarray, "s k l"]  # rows: true class, columns: what the source says; rows add up to 1
    reliability: Float64[np.ndarray, " s"]  # probability that an answer is right


class Aggregator(Method):
    """Base of the aggregators: how a belief becomes a label, and over what a source's reliability is one number."""

    wants_gold: ClassVar[bool] = False
    wants_pixels: ClassVar[bool] = False  # looks at image and masks, not only at answers

    decide: Literal["most_likely", "expected_iou"] = Field(
        "most_likely",
        description="the label: of the highest posterior, or so that the expected mean IoU is highest (small classes "
        "gain: a pixel is worth naming below one half)",
    )
    scope: Literal["data", "image"] = Field(
        "data",
        description="a source is as reliable in all images (one person or model, the usual case), or image by image "
        "(source k of one image is another person in the next)",
    )

    @property
    def reads_network(self) -> bool:
        """Whether `Answers.unary` changes anything."""
        return True


class Tilted(Aggregator):
    """Base of the aggregators with a prior for what sources are worth; it must be above chance, else labels can flip."""

    alpha: float = Field(2.0, gt=0, description="prior weight of right answers")
    beta: float = Field(1.0, gt=0, description="prior weight of wrong answers; below alpha")

    @model_validator(mode="after")
    def above_chance(self) -> "Tilted":
        if self.alpha <= self.beta:
            raise ValueError(
                f"the prior alpha {self.alpha:g}, beta {self.beta:g} takes sources for no better than chance, so that "
                "labels can flip: alpha must be above beta, as 2 and 1"
            )
        return self


class Settled(Tilted):
    """Base of the aggregators that make beliefs and counts in turn until nothing moves."""

    sweeps: int = Field(50, ge=1, description="passes at most")
    tolerance: float = Field(1e-3, gt=0, description="stop when no posterior moves further than this")

    def settle(self, answers: Votes, logs: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Beliefs:
        """From the vote's shares on; `logs(p, counts)`: log posteriors by the beliefs and the counts (with the prior's) so far."""
        prior = prior_counts(answers.classes, self.alpha, self.beta)
        p = answers.clamped(answers.shares())
        for _ in range(self.sweeps):
            new = answers.clamped(normalised(logs(p, answers.counts(p) + prior)))
            moved = np.abs(new - p).max(initial=0)
            p = new
            if moved < self.tolerance:
                break
        counts = answers.counts(p)
        return Beliefs(p, rows_to_one(counts + prior), right_share(counts, self.alpha, self.beta))


def normalised(logs: Float64[np.ndarray, "t k"]) -> Float64[np.ndarray, "t k"]:
    """exp(logs), rows scaled to add up to 1."""
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def rows_to_one(counts: Float64[np.ndarray, "s k l"]) -> Float64[np.ndarray, "s k l"]:
    return counts / counts.sum(axis=2, keepdims=True)


def prior_counts(classes: int, alpha: float, beta: float) -> Float64[np.ndarray, "k l"]:
    """Rows of a confusion matrix as pseudo-counts: alpha on the diagonal, beta beside it."""
    return np.full((classes, classes), beta) + (alpha - beta) * np.eye(classes)


def one_coin(reliability: Float64[np.ndarray, " s"], classes: int) -> Float64[np.ndarray, "s k l"]:
    """Confusion matrices of sources whose mistakes fall on all other classes alike."""
    off = (1 - reliability) / (classes - 1)
    return off[:, None, None] + (reliability - off)[:, None, None] * np.eye(classes)


def right_share(counts: Float64[np.ndarray, "s k l"], alpha: float, beta: float) -> Float64[np.ndarray, " s"]:
    """The share of answers that are right, with the prior's counts."""
    right = np.trace(counts, axis1=1, axis2=2)
    return (right + alpha) / (counts.sum(axis=(1, 2)) + alpha + beta)


def clipped(unary: Float64[np.ndarray, "t k"], clip: float) -> Float64[np.ndarray, "t k"]:
    """Log probabilities of a network that may not be surer than `clip`, nor rule a class out."""
    p = normalised(unary)
    p = np.clip(p, max((1 - clip) / (p.shape[1] - 1), 1e-9), max(clip, 1 / p.shape[1]))
    return np.log(p / p.sum(axis=1, keepdims=True))


def log_prior(answers: Votes, posterior: Float64[np.ndarray, "t k"], strength: float) -> Float64[np.ndarray, "t k"]:
    """log of the classes' shares in each task's group, with `strength` pseudo-counts in all; a network's where given."""
    if answers.unary is not None:
        return answers.unary
    groups, k = int(answers.group.max(initial=0)) + 1, answers.classes
    asked = answers.votes.sum(axis=1) > 0
    mass = posterior * (answers.size * asked)[:, None]
    if groups == 1:
        share = mass.sum(axis=0, keepdims=True) + strength / k
    else:
        cells = answers.group[:, None] * k + np.arange(k)
        share = np.bincount(cells.ravel(), mass.ravel(), groups * k).reshape(groups, k) + strength / k
    return np.log(share / share.sum(axis=1, keepdims=True))[answers.group]
