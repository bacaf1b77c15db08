"""No expansion: an answer changes its own region and nothing else.

Idea: only answered pixels change.
Limits: the labels stay as they are, whatever the network says.
Costs: nothing; the network is not loaded.
"""

from typing import Any, ClassVar, Literal

import numpy as np

from segmend.images.rasters import LabelMap
from segmend.stage.params import Method
from tasks.correct.expansion._base import AnswerOutcome, ImageContext


class Nothing(Method):
    wants_features: ClassVar[bool] = False
    wants_views: ClassVar[bool] = False
    fills: ClassVar[bool] = False
    measures: ClassVar[bool] = False
    measures_network: ClassVar[bool] = False
    opines: ClassVar[bool] = False

    name: Literal["none"] = "none"

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        return {}

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        return None

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        return context.labels
