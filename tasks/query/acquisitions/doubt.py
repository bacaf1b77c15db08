"""Doubt about the truth joined with conflicts: ask what the corrector is unsure of, as far as the network repeats the mistakes.

Paper: ours. The corrector's entropy with balance of classes; of six forms of its doubt none was clearly better than another.
Formula, p what the pool of label, network and corrector believes of a region (correct.expansion.corrector), n the classes, c* and gain
    as in expected_gain, look-ahead as in sim:
    doubt = H(p) * balance(argmax p) * sqrt(area),   balance(c) = (pixels that the pool calls c / all)^-1/2
    r = a / (a + b), a and b the mean pixels that an answer of the newest round changed where the network had repeated the label and
    where it had not (beside 5 questions with 100 and 50 pixels). Of any k questions about (1 - r) k come in the order of
    expected gain, r k / 2 in that of the look-ahead, r k / 2 in that of doubt.
Limits: no corrector yet (round 1): look-ahead in place of doubt, and r = R / (R + G), with R the look-ahead of the best twentieth of the
    regions where network and label agree, G the pixels that the best twentieth are expected to gain. Where the network repeats no
    mistake r goes to 0 and the order is that of expected gain.
Differs: the share of mistakes that the network repeats was to come from answers drawn at random; a round of 2 % has one or two
    mistakes among them, so what all answers changed decides instead.
Costs: O(classes * pixels), one pass.
"""

from collections.abc import Sequence
from math import ceil
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64
from pydantic import Field

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import sum_by_region
from segmend.stage.params import Method
from tasks.query.acquisitions._expected_fix import gained, moved


class Doubt(Method):
    name: Literal["doubt"] = "doubt"
    explore: float = Field(0.02, ge=0, description="what the network's doubt alone counts beside expected gain")

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {
            "moved": moved(scene),
            "doubt": sum_by_region(scene.doubt, scene.regions),
            "reach": sum_by_region(scene.resemblance * scene.doubt, scene.regions),
            "believed": scene.believed.astype(np.float32),
        }

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        gain, open_ = gained(table, self.explore), table.asked == 0
        believed, reach = (table.columns[name].astype(np.float64) for name in ("believed", "reach"))
        if not believed.any():
            share = at_first(table, reach, open_)
            return joined([(gain, 1 - share), (reach, share)], open_)
        entropy = -(believed * np.log(np.maximum(believed, 1e-9))).sum(axis=1)
        own = believed.argmax(axis=1)
        pixels = np.bincount(own, table.area, believed.shape[1])
        balance = (np.maximum(pixels, 1) / pixels.sum()) ** -0.5
        doubt = entropy * balance[own] * np.sqrt(table.area)
        share = table.repeats
        return joined([(gain, 1 - share), (reach, share / 2), (doubt, share / 2)], open_)


def at_first(table: RegionTable, reach: Float64[np.ndarray, " n"], open_: Bool[np.ndarray, " n"]) -> float:
    """The share of the look-ahead before any answer: its pixels over those and the ones that conflicts are expected to gain."""
    gain = np.maximum(table.columns["moved"].sum(axis=1, dtype=np.float64), 0)
    agree = table.shown == table.predicted
    ahead, gains = (best_twentieth(values) for values in (reach[open_ & agree], gain[open_]))
    return ahead / max(ahead + gains, 1e-9)


def ranks(utility: Float64[np.ndarray, " n"], some: Bool[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """The places of `some` in the order of utility, from 0; infinite for all others."""
    rank = np.full(len(utility), np.inf)
    rank[np.flatnonzero(some)[np.argsort(-utility[some], kind="stable")]] = np.arange(np.count_nonzero(some))
    return rank


def best_twentieth(values: Float64[np.ndarray, " n"]) -> float:
    """The sum of the largest 5 %."""
    return float(np.sort(values)[len(values) - ceil(len(values) / 20) :].sum())


def joined(
    orders: Sequence[tuple[Float64[np.ndarray, " n"], float]], open_: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Utilities that put several orders together, each with its share: of the best k about that part comes from it."""
    slots = np.full(len(open_), np.inf)
    for utility, part in orders:
        slots = np.minimum(slots, (ranks(utility, open_) + 0.5) / max(part, 1e-9))
    return -slots
