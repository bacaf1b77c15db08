"""Ask where one answer is expected to raise the mIoU of the labels most: expected fixes, weighted by class frequency.

Paper: ours. It starts from the look-ahead of ALC (Kim et al., ICML 2024, arXiv 2403.10820), which sums doubt.
Formula, with c* the most probable class of the region, n(x) the label, N_c the pixels expected of class c in all (sum of P_c):
    gain = sum over the region of (P_c*(x) - P_n(x)(x)) * worth(c*, n(x)),   worth(b, a) = (1 / N_b + 1 / N_a) / K
    utility = max(gain, 0) + explore * sum of (1 - P_n(x)(x)) * worth(c*, c*)
    A pixel that moves from class a to class b leaves the union of a and joins the intersection of b: its worth in mIoU is
    about 1 / N for each of the two. With `value: pixels` every worth is one: gain is in pixels that an answer should fix.
Limits, in pixels, explore 0: 0 where the labels already say the most probable class, and where no single class is better than
    the labels; the area where they are surely wrong. An unlabelled pixel was not right before: it gains P_c*.
Differs: from `sim`: doubt counts only where naming a class would help (a region that is half one class and half another
    has much doubt and nothing to gain), and rare classes are worth more: `sim` saturates by asking large regions of
    frequent classes.
Costs: O(pixels), one pass.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from segmend.images.region_table import RegionTable, Scene
from segmend.images.regions import sum_by_region
from segmend.stage.params import Method
from tasks.query.acquisitions._expected_fix import moved, named


class ExpectedGain(Method):
    name: Literal["expected_gain"] = "expected_gain"
    value: Literal["miou", "pixels"] = Field(
        "miou", description="what a fixed pixel is worth: by the rarity of its two classes, or the same everywhere"
    )

    explore: float = Field(
        0.02, ge=0, description="weight of doubt alone: it decides where no answer is expected to fix anything"
    )

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"moved": moved(scene), "doubt": sum_by_region(scene.doubt, scene.regions)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        gain, chosen = table.columns["moved"], named(table)
        classes = table.means.shape[1]
        if self.value == "pixels":
            worth = np.full(classes + 1, 0.5)
        else:
            expected = table.area @ table.means.astype(np.float64)  # pixels of each class, (K,)
            worth = np.append(1 / np.maximum(expected, 1), 0) / classes  # no class loses an unlabelled pixel
        gained = gain @ worth + gain.sum(axis=1, dtype=np.float64) * worth[chosen]
        return np.maximum(gained, 0) + self.explore * table.columns["doubt"] * 2 * worth[chosen]
