"""Inside an answered region, only pixels that resemble its representative pixel take the answer.

Paper: Kim et al., Active Label Correction for Semantic Segmentation with Foundation Models, ICML 2024 (ALC): label
    expansion.
Idea: people look at one pixel of the region; what the network sees as something else is not what they spoke of. This
    does not reach beyond the region: it restricts the answer within it.
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

    name: Literal["similar"] = "similar"
    eps: float = Field(0.0, ge=0, le=1, description="least cosine with the representative pixel; 0: the paper's")

    def measure(self, seen: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], lessons: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, seen: ImageContext, learned: Any) -> LabelMap:
        told = [one for one in seen.answers if names_region(one) and len(one.pixels)]
        if not told:
            return seen.labels
        # All footprints, one after the other, as an image of one row: they may overlap.
        places, sizes = np.concatenate([one.pixels for one in told]), [len(one.pixels) for one in told]
        row = np.repeat(np.arange(len(told), dtype=np.int32), sizes)[None]
        flat = seen.probabilities.reshape(len(seen.probabilities), -1)
        taken = Scene(flat[:, places][:, None], seen.labels.ravel()[places][None], row).reached(self.eps)[0]
        parts = dict(zip(map(id, told), np.split(taken, np.cumsum(sizes)[:-1]), strict=True))
        without, outside = seen.first.ravel().copy(), np.zeros(seen.first.size, bool)
        for one in seen.answers:
            part = parts.get(id(one))
            if part is not None:
                outside[one.pixels], without[one.pixels[part]] = ~part, one.classes[0]
            elif one.kind in ("mask", "confirm"):
                outside[one.pixels], without[one.pixels] = False, one.classes[0]
        labels = seen.labels.copy().ravel()
        outside &= labels != VOID
        labels[outside] = without[outside]
        return labels.reshape(seen.labels.shape)


def names_region(told: AnswerMask) -> bool:
    """Whether an answer names one class for its whole region."""
    return told.kind in ("class", "class_set") and len(told.classes) == 1
