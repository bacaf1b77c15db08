"""The interface of expansions: methods that change labels beyond the answered regions.

An expansion (tasks/correct/expansion) sees every train image twice: `measure` in a first
pass keeps small statistics of an image, `learn` sees those of all images, `spread` in a second pass makes the image's
labels. Labels are made anew each round from the first labels and all answers: nothing automatic is carried on.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from segmend.images.rasters import LabelMap, RegionMap


class QuestionAsked(NamedTuple):
    """A question as it was asked, before any network had learned its answer."""

    predicted: int  # the class that the network of that round said
    confidence: float  # its mean probability of that class
    chance: float | None  # the probability with which chance asked it; None: an acquisition chose it


class AnswerMask(NamedTuple):
    """One answer, as numbers."""

    # The pixels it is about, as ascending flat indices: of a mask the brushed part, of a confirm the pixels that carried the class
    # (where it names them), else the footprint.
    pixels: Int64[np.ndarray, " n"]
    kind: str  # confirm, class, class_set, mask, skip
    classes: tuple[int, ...]  # class ids; a confirmed class is named too, skip names none
    footprint: Int64[np.ndarray, " m"] | None = None  # the whole region that was asked about; None: it is `pixels`
    question: QuestionAsked | None = None  # None: to no question of this pipeline

    @property
    def region(self) -> Int64[np.ndarray, " m"]:
        """All pixels that somebody was asked about: expansions do not change them."""
        return self.pixels if self.footprint is None else self.footprint


class AnswerOutcome(NamedTuple):
    """One answered question, with the features it had when it was asked: no network had learned the answer then."""

    size: int  # pixels
    shown: int  # majority class of its labels
    predicted: int  # the class that the network of that round predicted
    expected: float  # pixels that the answer was expected to fix
    answer: int  # the class that was named or confirmed


class ImageContext(NamedTuple):
    """One image, as an expansion sees it."""

    image: str  # its id
    probabilities: Float32[np.ndarray, "classes h w"]  # of the newest network
    features: Float32[np.ndarray, "d h w"] | None  # of length 1 at each pixel; None unless the expansion wants them
    first: LabelMap  # before any answer
    labels: LabelMap  # after all answers of people (or the oracle), sieved
    regions: RegionMap  # the base cells
    answers: list[AnswerMask]  # of all rounds, one per query, in the order they were applied
    # Flipped and scaled, by `wants_views`.
    views: Float32[np.ndarray, "v classes h w"] | None = None
    unseen: tuple[int, ...] = ()  # classes that its settings name, or that no first label names; only for `fills`
    round: int = 1
    picture: Callable[[], UInt8[np.ndarray, "h w 3"]] | None = None  # reads the image


class Spreading(Protocol):
    """What every method of the kind expansion implements; `name` is its name in params.yaml."""

    wants_features: ClassVar[bool]  # ask the network for features as well
    wants_views: ClassVar[bool]  # ask it for several views, by the settings `scales` and `flip`
    fills: ClassVar[bool]  # labels what has no label and nothing else, also without answers; has the setting `unseen`
    measures: ClassVar[bool]  # whether `measure` is needed: a pass over all images
    opines: ClassVar[
        bool
    ]  # it thinks something of every base cell: has `spread_with_opinion`, and labels/opinions is written

    @property
    def measures_network(self) -> bool:
        """Whether `measure` looks at what the network says; if not, its pass does without: probabilities are equal for all classes."""
        ...

    def measure(self, context: ImageContext) -> dict[str, np.ndarray]:
        """Small statistics of one image for `learn`; not called where `measures` is False."""
        ...

    def learn(
        self, measures: list[dict[str, np.ndarray]], outcomes: list[AnswerOutcome], rng: np.random.Generator
    ) -> Any:
        """What is learned from all images and answers together; `measures` are in the order of the images."""
        ...

    def spread(self, context: ImageContext, learned: Any) -> LabelMap:
        """The image's new labels; equal to `context.labels` where nothing is spread, and wherever those are void."""
        ...
