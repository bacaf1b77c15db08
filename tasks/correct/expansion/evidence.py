"""Relabel conflicts that nobody was asked about, where the answers to similar ones show that the network is right.

Paper: ours; the aim is that of A2LC's correction module (AAAI 2026), the evidence is the answers' own.
Idea: a conflict is a connected component with label a and prediction b. People were asked about some; how often was the answer
    b? A regression on features of a conflict estimates this probability for the others, and those are relabelled whose
    probability is high even at the lower end of an interval.
Formula, for an answered query: y = 1 if the answer was b, else 0; features x = 1, strength (mean P_b - P_a), log2 of its pixels, one
    for each pair (a, b), all as they were when the question was asked: then the network had not learned its answer.
    w = mode of sum log sigmoid(+-x.w) - |w|^2 / (2 prior^2), S = inverse Hessian there (Laplace);
    an unasked conflict of at least `smallest` pixels becomes b where sigmoid(x.w - z sqrt(x'Sx)) >= sure.
Limits: no answers, or sure = 1: nothing is relabelled. z = 0: the mean alone decides. Pairs that nobody was asked about borrow from
    the others, with the prior's wide interval. Pixels under any answer's footprint are never touched, also those that a
    confirm or a brushed mask does not cover: they keep the answers' and the first labels.
Differs: A2LC learns class from mean probabilities of the answered regions, and guards by a fixed confidence; here the question
    learned is "is the network right against this label?", and the interval widens where answers are few.
Costs: one pass of the network over the train images; O(pixels), and a regression with three weights and one for each pair of
    classes that people were asked about.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext
from tasks.correct.expansion._conflict_evidence import Learned, learned_from, mended


class Evidence(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    name: Literal["evidence"] = "evidence"
    sure: float = Field(
        0.8, ge=0, le=1, description="least probability (lower end of the interval) that the network is right"
    )
    z: float = Field(
        1.28, ge=0, description="half width of the interval in standard deviations; 1.28: 90 % on one side"
    )
    prior: float = Field(2.0, gt=0, description="standard deviation of the weights before any answer")
    smallest: int = Field(8, ge=1, description="pixels of the smallest conflict that is relabelled")

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Learned | None:
        """The regression on the answers so far; None where none was about a conflict."""
        return learned_from(outcomes, self.prior)

    def spread(self, context: ImageContext, learned: Learned | None) -> LabelMap:
        return mended(context, learned, self.sure, self.z, self.prior, self.smallest)
