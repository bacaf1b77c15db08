"""Inside an answered region, only pixels that resemble its representative pixel take the answer.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024 (ALC): label
    expansion.
Idea: the answer is about one pixel of the region; pixels that the network predicts differently keep their label. This
    changes nothing outside the region: it restricts the answer within it.
Formula: E = {x in region: cos(P(x), P(r)) >= eps}; r = the pixel of the region's dominant predicted class whose
    probabilities are nearest to that class's mean in the region (segmend/images/region_table.py). Pixels outside E are as they would be
    without the answer.
Limits: eps = 0: the whole region takes the answer, since probabilities are not negative. eps = 1: the pixels that the
    network sees exactly as r (r itself at least). Confirmed and brushed regions and class sets are not touched.
Differs: the paper's regions, r and P are of the round that asked; ours are of the newest network, over the answer's
    footprint. Where a sieve runs too, a pixel must pass both.
Costs: two passes of the network over the train images; O(K * answered pixels).
"""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import VOID, LabelMap
from segmend.images.region_table import Scene
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerMask, AnswerOutcome, ImageContext


class Similar(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    name: Literal["similar"] = "similar"
    eps: float = Field(0.0, ge=0, le=1, description="least cosine with the representative pixel; 0: the paper's")

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        answers = [answer for answer in context.answers if names_region(answer) and len(answer.pixels)]
        if not answers:
            return context.labels
        # All footprints, one after the other, as an image of one row: they may overlap.
        pixels, sizes = (
            np.concatenate([answer.pixels for answer in answers]),
            [len(answer.pixels) for answer in answers],
        )
        row = np.repeat(np.arange(len(answers), dtype=np.int32), sizes)[None]
        flat = context.probabilities.reshape(len(context.probabilities), -1)
        taken = Scene(flat[:, pixels][:, None], context.labels.ravel()[pixels][None], row).reached(self.eps)[0]
        parts = dict(zip(map(id, answers), np.split(taken, np.cumsum(sizes)[:-1]), strict=True))
        without, outside = context.first.ravel().copy(), np.zeros(context.first.size, bool)
        for answer in context.answers:
            part = parts.get(id(answer))
            if part is not None:
                outside[answer.pixels], without[answer.pixels[part]] = ~part, answer.classes[0]
            elif answer.kind in ("mask", "confirm"):
                outside[answer.pixels], without[answer.pixels] = False, answer.classes[0]
        labels = context.labels.copy().ravel()
        outside &= labels != VOID
        labels[outside] = without[outside]
        return labels.reshape(context.labels.shape)


def names_region(answer: AnswerMask) -> bool:
    """Whether an answer names one class for its whole region."""
    return answer.kind in ("class", "class_set") and len(answer.classes) == 1
