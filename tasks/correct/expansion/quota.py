"""Pseudo labels in equal numbers for every class, more of them each round.

Paper: Menghini, Delworth, Bach, Enhancing CLIP with CLIP, NeurIPS 2023, arXiv 2306.01669 (GRIP), the rule of selection.
Idea: the most confident units of each class, equally many of each: frequent classes cannot displace the others.
Formula: a unit (the unlabelled pixels of a base cell, or one of them) has the class y = arg-max of its mean p over the classes that
    compete, with confidence p[y] (share of those that compete). With N units in all images and C classes that compete, in
    round r the k = floor(N / C * min(1, r / rounds)) surest units of each class get it; all others stay unlabelled.
Limits: in round `rounds` k = N / C; a class with fewer units than k gets all of them. Equally sure units at the edge of a class's
    quota are all taken. Void and labelled pixels never change.
Differs: GRIP ranks whole images. Its released code fills a list without sorting and lets the first that does not fit compete with
    the last one, not with the worst; here the k surest are taken. Of pixels the edge of the quota is known to 1/4096: the
    pixels of the bin that would overfill it wait (units: regions has no bins).
Costs: two passes of the network over the train images; two numbers a base cell, or 4096 a class, are kept of an image.
"""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float32, Float64, Int64
from pydantic import Field

from segmend.images.rasters import NO_REGION, UNLABELLED, LabelMap
from segmend.images.regions import count, mean_by_region
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext
from tasks.correct.expansion._zero_label import Against, Unseen, competing, filled, predictions

BINS = 4096


class Quota(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = True
    measures: ClassVar[bool] = True
    measures_network: ClassVar[bool] = True
    opines: ClassVar[bool] = False

    name: Literal["quota"] = "quota"
    unseen: Unseen = ()
    against: Against = "all"
    units: Literal["regions", "pixels"] = Field(
        "regions", description="what is counted and ranked: base cells, or pixels"
    )
    rounds: int = Field(10, ge=1, description="rounds until the quotas hold everything (paper: 10)")

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        """Of each unit its class and confidence, of pixels as counts in bins of confidence."""
        size, among = len(context.probabilities), self.among(context)
        facts = {"round": np.array(context.round), "competing": among, "classes": np.array(size)}
        if not len(among):
            return facts
        if self.units == "regions":
            named, sure, has = self.of_regions(context, among)
            return facts | {"named": named[has], "sure": sure[has]}
        ((classes, share),) = predictions(context.probabilities[None], among)
        free = context.labels == UNLABELLED
        counts = np.bincount(classes[free].astype(np.int64) * BINS + binned(share[free]), minlength=size * BINS)
        return facts | {"counts": counts}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Float64[np.ndarray, " classes"] | None:
        """The least confidence (of pixels: the least bin) at which a unit of each class is taken."""
        used = [measure for measure in measures if len(measure["competing"])]
        if not used:
            return None
        classes, round_, among = int(used[0]["classes"]), int(used[0]["round"]), used[0]["competing"]
        part, whole = min(round_, self.rounds), self.rounds * len(among)
        if self.units == "pixels":
            counts = np.sum([measure["counts"] for measure in used], axis=0).reshape(classes, BINS)
            quota = int(counts.sum()) * part // whole
            above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]  # as sure as this bin, or surer
            fits = above <= quota
            return np.where(fits.any(axis=1), fits.argmax(axis=1), BINS).astype(np.float64)
        named, sure = (np.concatenate([measure[key] for measure in used]) for key in ("named", "sure"))
        quota, least = len(named) * part // whole, np.full(classes, np.inf)
        for k in among.tolist():
            descending = np.sort(sure[named == k])[::-1]
            if quota and len(descending):
                least[k] = descending[min(quota, len(descending)) - 1]
        return least

    def spread(self, context: ImageContext, learned: Float64[np.ndarray, " classes"] | None) -> LabelMap:
        among = self.among(context)
        if learned is None or not len(among):
            return context.labels.copy()
        if self.units == "pixels":
            ((classes, share),) = predictions(context.probabilities[None], among)
            return filled(context, classes, binned(share) >= learned[classes])
        named, sure, has = self.of_regions(context, among)
        taken = np.append(has & (sure >= learned[named]), False)  # the last: no region
        return filled(context, np.append(named, 0).astype(np.uint8)[context.regions], taken[context.regions])

    def among(self, context: ImageContext) -> Int64[np.ndarray, " c"]:
        if self.against == "unseen" and not context.unseen:
            return np.zeros(0, np.int64)
        return competing(context.unseen, self.against, len(context.probabilities), self.name)

    def of_regions(
        self, context: ImageContext, among: Int64[np.ndarray, " c"]
    ) -> tuple[Int64[np.ndarray, " k"], Float64[np.ndarray, " k"], np.ndarray]:
        """Class and confidence of each base cell's unlabelled pixels, and which cells have any."""
        cells = np.where(context.labels == UNLABELLED, context.regions, np.int32(NO_REGION))
        has = np.zeros(count(context.regions), bool)
        has[cells[cells != NO_REGION]] = True
        p = np.zeros((len(has), len(among)))
        inner = mean_by_region(context.probabilities[among], cells)  # ends with the last cell that has any
        p[: len(inner)] = inner
        share = p.max(axis=1, initial=0) / np.maximum(p.sum(axis=1), 1e-30)
        return among[p.argmax(axis=1)], share, has


def binned(share: Float32[np.ndarray, "*shape"]) -> Int64[np.ndarray, "*shape"]:
    return np.minimum((share * BINS).astype(np.int64), BINS - 1)
