"""Pseudo labels for classes without labels, where the network predicts the same class in every view.

Paper: Bucher et al.'s task, generalised zero-label segmentation; the method: Pastore et al., A Closer Look at Self-training for
    Zero-Label Semantic Segmentation, CVPR Workshops 2021, arXiv 2104.11692 (STRICT).
Idea: predictions that agree across flips and scales are more often right. Rounds of training on it need no question (budget: 0).
Formula: y_v = arg-max over the classes `against` of p_v, v one of K = (1 + scales) * (2 with flip) views brought back to the
    image; a pixel without a label becomes y where y = y_v for all v, y is unseen, and the least p_v[y] (of those that compete)
    is at least `confidence`. All others stay unlabelled. auto_agreed/CLASS in the metrics is the share that this leaves of what the
    image as it is (v = 1) alone would label, auto_candidates/CLASS.
Limits: no scales and no flip: the arg-max of one view. More views never label more. against unseen with confidence 0 and one
    view labels every pixel that had no label. Void and labelled pixels never change; no unseen class, no change.
Differs: against is `all` by default, the paper's is `unseen`. In the paper a pixel without a label is of an unseen class by the way
    the data are made; in the field it may be anything, and `unseen` would paint background with unseen classes. A network with
    a linear head, taught the other classes alone, says none of them, and `all` then adds nothing: take `unseen`, or head: embedding
    with train.network's unseen and calibration.
    With one unseen class `unseen` is refused: it labels everything. The released code treats void (and, on demand, background) as
    unlabelled. Labels are made once a round from whole images, not per crop while training. No confidence floor in the paper.
Costs: K times the probabilities of an image are held; with the scales 1.5 and 1.75, 12.6 times the time of one prediction.
"""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext
from tasks.correct.expansion._zero_label import Against, Unseen, competing, filled, predictions


class Strict(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = True
    fills: ClassVar[bool] = True
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    name: Literal["strict"] = "strict"
    unseen: Unseen = ()
    against: Against = "all"
    scales: tuple[Annotated[float, Field(gt=0, le=4)], ...] = Field(
        (1.5, 1.75), max_length=8, description="sizes of the further views, as factors (the paper's code: 1.5 and 1.75)"
    )
    flip: bool = Field(True, description="also each view mirrored left to right")
    confidence: float = Field(0.0, ge=0, le=1, description="least probability in every view (paper: 0)")

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        assert context.views is not None, "strict wants views"
        if not context.unseen:
            return context.labels.copy()
        among = competing(context.unseen, self.against, len(context.probabilities), self.name)
        (named, least), *others = predictions(context.views, among)
        agreed = np.isin(named, context.unseen)
        for again, share in others:
            agreed &= again == named
            least = np.minimum(least, share)
        return filled(context, named, agreed & (least >= self.confidence))
