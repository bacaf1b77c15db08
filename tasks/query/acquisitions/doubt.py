"""Doubt about the truth joined with conflicts: ask what the corrector is unsure of, as far as the network repeats the mistakes.

Paper: ours. The corrector's entropy with balance of classes; of six forms of its doubt none was clearly better than another.
Formula, p the corrector's mean probabilities of a region (correct.expansion.corrector), n the classes, c* and gain as in expected_gain:
    doubt = H(p) * balance(argmax p) * sqrt(area),   balance(c) = (pixels that the corrector calls c / all)^-1/2
    r = a / (a + b), a and b the mean pixels that an answer of the newest round changed where the network had repeated the label and
    where it had not (beside 5 questions with 100 and 50 pixels). Of any k questions about (1 - r) k come in the order of
    expected gain and r k in that of doubt.
Limits: no corrector yet (round 1): the look-ahead of `sim` in place of doubt, r = 2/3. Where the network repeats no mistake
    r goes to 0 and the order is that of expected gain.
Differs: the share of mistakes that the network repeats was to come from answers drawn at random; a round of 2 % has one or two
    mistakes among them, so what all answers changed decides instead.
Costs: O(classes * pixels), one pass.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
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
        gain = gained(table, self.explore)
        share, open_ = table.repeats, table.asked == 0
        believed = table.columns["believed"].astype(np.float64)
        if not believed.any():
            return joined(gain, table.columns["reach"].astype(np.float64), share, open_)
        entropy = -(believed * np.log(np.maximum(believed, 1e-9))).sum(axis=1)
        own = believed.argmax(axis=1)
        pixels = np.bincount(own, table.area, believed.shape[1])
        balance = (np.maximum(pixels, 1) / pixels.sum()) ** -0.5
        doubt = entropy * balance[own] * np.sqrt(table.area)
        return joined(gain, doubt, share, open_)


def joined(
    first: Float64[np.ndarray, " n"], second: Float64[np.ndarray, " n"], share: float, open_: np.ndarray
) -> Float64[np.ndarray, " n"]:
    """Utilities that put two orders together: of the best k about `share` come from the second."""
    slots = np.full(len(first), np.inf)
    for utility, part in ((first, 1 - share), (second, share)):
        rank = np.full(len(first), np.inf)
        order = np.flatnonzero(open_)[np.argsort(-utility[open_], kind="stable")]
        rank[order] = (np.arange(len(order)) + 0.5) / max(part, 1e-9)
        slots = np.minimum(slots, rank)
    return -slots
