"""Click count: one click to confirm, one to name a class, one per ticked class.

Paper: Hwang et al., Active Learning for Semantic Segmentation with Multi-class Label Query, NeurIPS 2023 (seconds).
Idea: published budgets count clicks; seconds are kept beside them, since clicks of different questions differ in time.
Defaults: naming one class of a region took people 12.1 s, ticking three classes 17.1 s (5.7 s a tick) in that paper's
    example. Confirming is set to 4 s, skipping to 4 s, a brushed mask to 5 clicks and 20 s: our assumptions, to be
    replaced by what the answers of your own people say.
Formula: a question for all classes costs a tick for each class named, also where it is one; to any other question
    naming one class is one click.
Limits: all prices 1: clicks are the number of queries (except for class sets).
"""

from typing import Literal

from pydantic import Field

from segmend.answers.answers import QueryKind
from segmend.stage.params import Method


class Clicks(Method):
    name: Literal["clicks"] = "clicks"
    confirm: float = Field(1, ge=0, description="clicks to say that a label is right")
    naming: float = Field(1, ge=0, description="clicks to name the right class")
    tick: float = Field(1, ge=0, description="clicks for each class of a set")
    mask: float = Field(5, ge=0, description="clicks to brush a mask and name its class")
    skip: float = Field(1, ge=0, description="clicks to pass a question on")
    confirm_seconds: float = Field(4.0, ge=0, description="seconds to say that a label is right")
    naming_seconds: float = Field(12.1, ge=0, description="seconds to name the right class")
    tick_seconds: float = Field(5.7, ge=0, description="seconds for each class of a set")
    mask_seconds: float = Field(20.0, ge=0, description="seconds to brush a mask")
    skip_seconds: float = Field(4.0, ge=0, description="seconds to pass a question on")

    def __call__(self, kind: str, named: int, classes: int, question: QueryKind = "correction") -> tuple[float, float]:
        """Clicks and seconds of an answer of this kind that names so many of the data set's classes."""
        if kind == "class_set" or (kind == "class" and question == "multiclass"):
            return self.tick * named, self.tick_seconds * named
        price = {
            "confirm": (self.confirm, self.confirm_seconds),
            "class": (self.naming, self.naming_seconds),
            "mask": (self.mask, self.mask_seconds),
            "skip": (self.skip, self.skip_seconds),
        }
        return price[kind]
