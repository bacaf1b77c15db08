"""Ask where one answer is expected to raise the score of the labels most: pixels fixed, each worth what its classes are worth.

Paper: ours. It starts from the look-ahead of ALC (Kim et al., ICML 2024, arXiv 2403.10820), which sums doubt.
Formula, with c* the most probable class of the region, n(x) the label, N_c the pixels expected of class c in all (sum of P_c):
    utility = sum over the region of (P_c*(x) - P_n(x)(x)) * (1 / N_c* + 1 / N_n(x)) / K
    A pixel that moves from class a to class b leaves the union of a and joins the intersection of b: its worth in mIoU is
    about 1 / N for each of the two. With `value: pixels` all pixels are worth one: the pixels an answer is expected to fix.
Limits, in pixels: 0 where the labels already say the most probable class; the area where they are surely wrong; negative
    where no single class is better than the labels. An unlabelled pixel was not right before: it gains P_c*.
Differs: from `sim`: doubt counts only where naming a class would help (a region that is half one class and half another
    has much doubt and nothing to gain), and rare classes are worth more: `sim` saturates by asking large regions of
    frequent classes.
Costs: O(pixels), one pass.
"""

from typing import Literal

import numpy as np
from jaxtyping import Float64
from pydantic import Field

from tasks.params import Method
from tasks.query.gain import moved, named
from tasks.table import RegionTable, Scene


class ExpectedGain(Method):
    name: Literal["expected_gain"] = "expected_gain"
    value: Literal["miou", "pixels"] = Field(
        "miou", description="what a fixed pixel is worth: by the rarity of its two classes, or the same everywhere"
    )

    def measure(self, scene: Scene) -> dict[str, np.ndarray]:
        return {"moved": moved(scene)}

    def __call__(self, table: RegionTable, rng: np.random.Generator) -> Float64[np.ndarray, " n"]:
        gain = table.columns["moved"].astype(np.float64)
        if self.value == "pixels":
            return gain.sum(axis=1)
        expected = table.area @ table.means.astype(np.float64)  # pixels of each class, (K,)
        worth = np.append(1 / np.maximum(expected, 1), 0)  # no class loses an unlabelled pixel
        return (gain * (worth[named(table)][:, None] + worth)).sum(axis=1) / len(expected)
