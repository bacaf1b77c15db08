"""Plain self-training: unlabelled pixels get the predicted class where the network is confident.

Paper: Lee, Pseudo-Label, ICML Workshop on Challenges in Representation Learning, 2013; as a baseline for classes without labels
    (SPNet+ST) in Pastore et al., CVPR Workshops 2021, arXiv 2104.11692.
Formula: y = arg-max of p over the classes that compete, where p[y] >= threshold (share of those that compete). One view.
Limits: threshold 0: every pixel without a label gets one. threshold above 1 is refused; at 1 hardly any. Void and labelled
    pixels never change. With against all, labelled classes are given too.
Differs: against unseen, threshold 0 is the paper's baseline. Labels are made once a round from whole images.
Costs: one pass of the network over the train images.
"""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext
from tasks.correct.expansion._zero_label import Against, Unseen, competing, filled, predictions


class SelfTraining(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = True
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    name: Literal["self_training"] = "self_training"
    unseen: Unseen = ()
    against: Against = "all"
    threshold: float = Field(0.9, ge=0, le=1, description="least probability of the class that is given")

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        if self.against == "unseen" and not context.unseen:
            return context.labels.copy()
        among = competing(context.unseen, self.against, len(context.probabilities), self.name)
        ((named, share),) = predictions(context.probabilities[None], among)
        return filled(context, named, share >= self.threshold)
