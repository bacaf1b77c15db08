"""A classifier that answers alone have taught mends what label and network agree on wrongly, where answers drawn at random allow it.

Paper: ours. Deep feature reweighting (Kirichenko et al., ICLR 2023, arXiv 2204.02937): a last layer learnt from a few clean labels on
    frozen features; the guard is the crowd's problem (Dawid and Skene, 1979) with three annotators and known asking probabilities.
Idea: a network that was trained on wrong labels repeats them, so nothing but the answers says that they are wrong. The corrector
    learns the true class from answered pixels, on features of an ImageNet encoder that saw none of the labels. How far it,
    the network and the given label may be believed is measured on answers that chance asked for; what an acquisition chose is
    a biased sample, on which a corrector that breaks every label looks right, and counts a tenth.
Formula: corrector: MLP d-128-128-K on colour, position, the given label, the labels in its base cell, and the features; class
    weights (count + 20)^-.5; p = half a pixel's own probabilities, half the mean of its base cell. A pixel of label g becomes
    the best class k of the pool (_opinion_pool.py) where theta . (f(k) - f(g)) > z * its standard deviation. The pool is fitted to
    the corrector's opinion of each answer as the answers of other images taught it, two folds; a chosen answer weighs `chosen`. Conflicts that `evidence` is
    sure of become the network's class first.
Limits: no answers drawn at random (query.random 0): the prior decides, under which no label changes. z large: none changes.
    chosen 0: answers drawn at random alone decide.
    Pixels under any answer's footprint, void ones and those without a label never change.
Differs: nothing is said of pixels from their neighbours; pieces below `smallest` pixels stay as they are.
Costs: three trainings of `steps` steps (1 s each), once an image the encoder (kept in .work/features), then one pass of the
    network and of the classifier over the train images, at most 2^15 places an image. 48 numbers of 16 bits kept per answered pixel
    and feature: at most 24 pixels an answer.
"""

from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from pydantic import Field
from scipy.special import softmax

from segmend.images.rasters import NO_REGION, VOID, LabelMap, is_class
from segmend.images.regions import areas, in_pieces, mean_by_region
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext
from tasks.correct.expansion._conflict_evidence import Learned as Evidence
from tasks.correct.expansion._conflict_evidence import learned_from, mended
from tasks.correct.expansion._corrector_model import Classifier, Inputs, grid, taught
from tasks.correct.expansion._opinion_pool import Opinions, Pool, fitted

PRIOR, SURE = 2.0, 0.8  # of the regression on conflicts: the defaults of `evidence`
FOLDS = 2
PIXELS = 24  # of an answer that are learnt from
GRID = 2**15  # places of an image that the classifier sees


class Learned(NamedTuple):
    conflicts: Evidence | None  # None: no answer was about a conflict
    classifier: Classifier | None  # None: the answers name fewer than two classes
    pool: Pool | None


class Corrector(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = True
    opines: ClassVar[bool] = True

    name: Literal["corrector"] = "corrector"
    features: Literal["efficientnet_lite0", "network", "none"] = Field(
        "efficientnet_lite0",
        description="what it sees beside colour, position and labels: an ImageNet encoder's features, the network's probabilities, nothing",
    )
    z: float = Field(
        1.28, ge=0, description="standard deviations that another class must lead by; 1.28: 90 % on one side"
    )
    chosen: float = Field(
        0.1,
        ge=0,
        le=1,
        description="weight in the guard of an answer that an acquisition chose, beside 1 of one that chance asked for",
    )
    smallest: int = Field(8, ge=1, description="pixels of the smallest piece that is relabelled")
    steps: int = Field(250, ge=1, description="steps of each of the three trainings")
    batch: int = Field(256, ge=1, description="pixels per step")
    lr: float = Field(3e-3, gt=0, description="highest learning rate of AdamW, one cycle")

    @property
    def measures_network(self) -> bool:
        return self.features == "network"

    def inputs(self, context: ImageContext) -> Inputs:
        assert context.picture is not None
        image = context.picture()
        classes = len(context.probabilities)
        if self.features == "efficientnet_lite0":
            encoded: Any = encoder()(image)
        else:
            encoded = Dense(context.probabilities) if self.features == "network" else None
        return Inputs(image, encoded, context.first, context.regions, classes)

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        classes = len(context.probabilities)
        answers = [one for one in context.answers if len(one.classes) == 1]
        first, flat = context.first.ravel(), context.labels.ravel()
        places, rows, facts = [], [], []
        for number, one in enumerate(answers):
            inside = one.pixels[flat[one.pixels] != VOID]
            some = inside[np.linspace(0, len(inside) - 1, min(PIXELS, len(inside))).round().astype(np.int64)]
            places.append(some)
            rows.append(np.full(len(some), number))
            counts = np.bincount(first[one.region], minlength=256)[:classes]
            asked = one.question
            seen_as: tuple[float, ...] = (-1, -1, 0, 0)
            if asked is not None and len(some) > 0 and counts.any():
                seen_as = (int(counts.argmax()), asked.predicted, asked.confidence, asked.chance or 0)
            facts.append((*seen_as, one.classes[0]))
        every = np.concatenate(places) if places else np.zeros(0, np.int64)
        row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        width = {"x": self.inputs(context).at(every).astype(np.float16)} if len(every) else {}
        return {
            **width,
            "row": row,
            "facts": np.array(facts, np.float64).reshape(-1, 5),
            "classes": np.array(classes),
        }

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Learned:
        conflicts = learned_from(outcomes, PRIOR)
        return Learned(conflicts, *(self.taught(measures, rng) or (None, None)))

    def taught(self, measures: list[dict[str, np.ndarray]], rng: np.random.Generator) -> tuple[Classifier, Pool] | None:
        """The classifier and the pool; None where answers name fewer than two classes."""
        some = [one for one in measures if "x" in one]
        if not some:
            return None
        classes = int(some[0]["classes"])
        x = np.concatenate([one["x"] for one in some])
        starts = np.cumsum([0, *(len(one["facts"]) for one in some)])
        row = np.concatenate([one["row"] + start for one, start in zip(some, starts, strict=False)])
        image = np.repeat(np.arange(len(some)), np.diff(starts))
        facts = np.concatenate([one["facts"] for one in some])
        answer = facts[:, 4].astype(np.int64)
        y = answer[row].astype(np.uint8)
        if len(np.unique(y)) < 2:
            return None
        own, seeds = 5 + 2 * classes, rng.integers(2**31, size=FOLDS + 1).tolist()
        teach = (classes, self.steps, self.batch, self.lr, own)
        classifier = taught(x, y, *teach, seeds[0])
        drawn, known = facts[:, 3] > 0, facts[:, 0] >= 0
        opinion = np.full((len(facts), classes), np.nan)
        for fold in range(FOLDS) if drawn.any() else ():
            mine = image[row] % FOLDS == fold
            if mine.any() and len(np.unique(y[~mine])) > 1:
                said = taught(x[~mine], y[~mine], *teach, seeds[1 + fold])(x[mine])
                places = np.flatnonzero(np.bincount(row[mine], minlength=len(facts)))
                sums = np.stack([np.bincount(row[mine], said[:, k], len(facts)) for k in range(classes)], axis=1)
                opinion[places] = sums[places] / sums[places].sum(axis=1, keepdims=True)
        use = np.flatnonzero(known & np.isfinite(opinion).all(axis=1))
        weights = np.where(drawn, 1.0, self.chosen if drawn.any() else 0.0)
        opinions = Opinions(facts[use, 0].astype(np.int64), facts[use, 1].astype(np.int64), facts[use, 2], opinion[use])
        return classifier, fitted(opinions, answer[use], weights[use])

    def spread(self, context: ImageContext, learned: Learned) -> LabelMap:
        return self.spread_with_opinion(context, learned)[0]

    def spread_with_opinion(
        self, context: ImageContext, learned: Learned
    ) -> tuple[LabelMap, UInt8[np.ndarray, "k classes"] | None]:
        """The new labels, and what the pool thinks of each base cell: 255 times the mean probabilities."""
        labels = mended(context, learned.conflicts, SURE, self.z, PRIOR, self.smallest)
        if learned.classifier is None or learned.pool is None:
            return labels, None
        own = self.opinion(context, learned.classifier)
        places = np.flatnonzero(is_class(context.labels))
        opinions = opinions_at(places, context, own)
        score = learned.pool.scores(opinions)
        own[places] = softmax(score, axis=1)
        thought = mean_by_region(own.T.reshape(-1, *labels.shape), context.regions)
        made = self.pooled(context, labels, places, opinions, score, learned.pool)
        return made, np.round(thought * 255).astype(np.uint8)

    def opinion(self, context: ImageContext, classifier: Classifier) -> Float32[np.ndarray, "pixels classes"]:
        """The corrector's probabilities of each pixel, half its own, half of its base cell."""
        size = context.labels.shape
        step = int(np.ceil(np.sqrt(max(1.0, context.labels.size / GRID))))
        places = grid(size, step)
        coarse = classifier(self.inputs(context).at(places))
        tall, wide = (len(range(step // 2, side, step)) or 1 for side in size)
        rows = np.minimum(np.arange(size[0]) // step, tall - 1)
        columns = np.minimum(np.arange(size[1]) // step, wide - 1)
        own = coarse[(rows[:, None] * wide + columns[None]).ravel()]
        means = mean_by_region(own.T.reshape(-1, *size), context.regions)
        inside = np.flatnonzero(context.regions.ravel() != NO_REGION)
        own[inside] = (own[inside] + means[context.regions.ravel()[inside]]) / 2
        return own

    def pooled(
        self,
        context: ImageContext,
        mended: LabelMap,
        places: Int64[np.ndarray, " n"],  # what has a label
        opinions: Opinions,
        score: Float64[np.ndarray, "n classes"],
        pool: Pool,
    ) -> LabelMap:
        """The labels with the best class of the pool, where nobody was asked and nothing is mended yet."""
        labels = mended.copy()
        open_ = (context.regions != NO_REGION) & (mended == context.labels)
        for answer in context.answers:
            open_.reshape(-1)[answer.region] = False
        some = np.flatnonzero(open_.ravel()[places])
        best, surely = pool.best(opinions.take(some), score[some], self.z)
        wanted = np.full(labels.shape, -1, np.int64)
        wanted.reshape(-1)[places[some[surely]]] = best[surely]
        pieces = in_pieces(wanted, wanted >= 0)
        large = np.append(areas(pieces) >= self.smallest, False)[pieces]  # the last: no piece
        labels[large] = wanted[large]
        return labels


def opinions_at(
    places: Int64[np.ndarray, " n"], context: ImageContext, own: Float32[np.ndarray, "pixels classes"]
) -> Opinions:
    """What label, network and corrector say of pixels that have a label."""
    network = context.probabilities.reshape(len(context.probabilities), -1)[:, places]
    given = context.labels.ravel()[places].astype(np.int64)
    return Opinions(
        given, network.argmax(axis=0), network.max(axis=0).astype(np.float64), own[places].astype(np.float64)
    )


class Dense(NamedTuple):
    """The network's probabilities in the place of an encoder's features."""

    values: Float32[np.ndarray, "classes h w"]

    def at(self, places: Int64[np.ndarray, " n"]) -> Float32[np.ndarray, "n classes"]:
        return self.values.reshape(len(self.values), -1)[:, places].T


@cache
def encoder() -> Any:
    from segmend.network.features import Encoder  # here, so that rounds without this method do not load torch

    return Encoder(field="correct.expansion.corrector")
