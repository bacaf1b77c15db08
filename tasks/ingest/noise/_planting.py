"""Planted mistakes for one image: a mixture of kinds that makes a given number of pixels wrong.

Each image's mistakes depend on the seed, its id, its labels and the number wanted, not on other images or their order.
Kinds are planted one after another on what the ones before left; each is asked for what is missing at its place in the row, so
that a shortfall of one (no objects to swap) is made up by the next, and border shift, the finest tool, comes last.
"""

from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from segmend.images.rasters import LabelMap
from segmend.stage.params import Settings
from tasks.ingest.noise import KINDS, Blobs, Border, Dropped, Flips, Hidden, Invented, Swapped, WholeImage

Share = Annotated[float, Field(ge=0, le=1)]
TOLERANCE = 0.10  # of the level's share, over the data set
AIM = 0.03  # within this the planting is not repeated
ROUNDS = 8  # plantings at most until the share is met
LAST_CALLS = 3  # more calls of the last kind when pixels it changed were wrong already


LEVELS = {"none": 0.0, "easy": 0.05, "medium": 0.15, "hard": 0.30}


class Mix(Settings):
    """How the wrong pixels are shared out among the kinds of mistakes; the shares add up to 1."""

    swapped: Share = Field(0.25, description="objects given another class")
    blobs: Share = Field(0.25, description="irregular patches of another class")
    border: Share = Field(0.30, description="stretches of border moved inwards, outwards, to and fro")
    dropped: Share = Field(0.10, description="objects that melt into their surroundings")
    invented: Share = Field(0.10, description="objects where there are none")
    flips: Share = Field(0.0, description="single pixels given another class")
    whole_image: Share = Field(0.0, description="whole masks wrong: mirrored, two classes exchanged, empty")

    @model_validator(mode="after")
    def adds_up(self) -> "Mix":
        total = sum(share for _, share in self)
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"the shares of mix add up to {total:g}, not to 1 (kinds that are not named keep their defaults; "
                "name those you do not want with 0)"
            )
        return self


class Noise(Settings):
    """Planted mistakes in train and val, for experiments; the truth is kept apart and the test split stays clean."""

    level: Literal["none", "easy", "medium", "hard"] = Field(
        "none",
        description="wrong pixels, as a share of those that are not of the data set's largest class: 0, 5, 15 or 30 %",
    )
    mix: Mix = Mix()
    swapped: Swapped = Swapped()
    blobs: Blobs = Blobs()
    border: Border = Border()
    dropped: Dropped = Dropped()
    invented: Invented = Invented()
    flips: Flips = Flips()
    whole_image: WholeImage = WholeImage()
    hidden: Hidden = Hidden()

    @property
    def share(self) -> float:
        return LEVELS[self.level]

    @property
    def planted(self) -> bool:
        """Whether the given masks are changed, so that they stand for the truth."""
        return self.share > 0 or self.hides

    @property
    def hides(self) -> bool:
        """Whether labels are taken away."""
        return bool(self.hidden.classes) or self.hidden.others > 0


class Planted(NamedTuple):
    """Labels with mistakes, and how many wrong pixels each kind brought."""

    labels: LabelMap
    by_kind: dict[str, int]


def plant(truth: LabelMap, wanted: int, classes: tuple[int, ...], noise: Noise, seed: int, identifier: str) -> Planted:
    """`truth` with `wanted` wrong pixels, or nearly."""
    key = key_of(identifier)
    labels, by_kind = truth, {}
    kinds: list[Any] = [getattr(noise, name) for name in order() if getattr(noise.mix, name) > 0]
    due = wrong = 0.0
    for turn, kind in enumerate(kinds):
        due += getattr(noise.mix, kind.name) * wanted
        before = wrong
        for call in range(LAST_CALLS if kind is kinds[-1] else 1):
            missing = round(due - wrong)
            if missing <= 0:
                break
            rng = np.random.default_rng((seed, key, turn, call))
            labels = kind(labels, missing, classes, rng)
            wrong = float((labels != truth).sum())
        by_kind[kind.name] = int(wrong - before)
    return Planted(labels, by_kind)


def hide(labels: LabelMap, ids: tuple[int, ...], noise: Noise, seed: int, identifier: str) -> LabelMap:
    """The labels without those that `noise.hidden` takes away; which squares go does not depend on the other mistakes."""
    return noise.hidden(labels, ids, np.random.default_rng((seed, key_of(identifier), len(KINDS))))


def key_of(identifier: str) -> int:
    return int.from_bytes(sha256(identifier.encode()).digest()[:8], "big")


def order() -> list[str]:
    return [kind.model_fields["name"].default for kind in KINDS]
