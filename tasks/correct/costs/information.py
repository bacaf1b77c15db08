"""Bits of information: yes or no is one bit, a choice among L classes is log2 L bits.

Formula: confirm 1; class 1 + log2(L - 1), since "no" comes first and the class shown is out; class_set one bit per
    class, L; mask as class; skip 1. Asked for the dominant class: log2 L, since nothing is shown. Asked for all
    classes: L, one yes or no each, whatever is ticked. With a share p of right labels a correction costs 1 + (1 - p)
    log2(L - 1) on the mean, to name the class from nothing costs log2 L: correction is cheaper from p > 0.22 on with 21
    classes, a tie with 2.
Limits: L = 2: every correction costs 1, whatever the answer. p = 1: 1 bit.
Differs: our derivation; the formula of the ALC paper's comparison was not at hand. Bits are logged as clicks.
"""

from math import log2
from typing import Literal

from pydantic import Field

from segmend.answers.answers import QueryKind
from segmend.stage.params import Method


class Information(Method):
    name: Literal["information"] = "information"
    seconds_per_bit: float = Field(4.0, ge=0, description="time for one bit; our assumption")

    def __call__(self, kind: str, named: int, classes: int, question: QueryKind = "correction") -> tuple[float, float]:
        """Bits (as clicks) and seconds of an answer of this kind in a data set of so many classes."""
        choice = log2(max(1, classes - 1))
        naming = {"correction": 1 + choice, "dominant": log2(max(2, classes)), "multiclass": float(classes)}[question]
        bits = {"confirm": 1.0, "class": naming, "mask": 1 + choice, "class_set": float(classes), "skip": 1.0}[kind]
        return bits, bits * self.seconds_per_bit

    def expected(self, right: float, classes: int) -> float:
        """Mean bits of a correction query where the share `right` of the labels shown is right."""
        return 1 + (1 - right) * log2(max(1, classes - 1))
