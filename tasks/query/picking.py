"""From utilities to the regions that are asked: never twice, within the budget, ties by seeded chance."""

from math import ceil

import numpy as np
from jaxtyping import Bool, Float64, Int64

# What one query is expected to cost in clicks, by its kind: a correction is confirmed, or the right class is clicked.
EXPECTED_CLICKS = {"correction": 1.0}


def allowance(budget: int | str, regions: int) -> float:
    """The budget as a number: 'p%' is that share of `regions`, all regions of the train split."""
    return float(budget) if isinstance(budget, int) else float(budget.removesuffix("%")) / 100 * regions


def pick(
    utilities: Float64[np.ndarray, " n"],
    open_: Bool[np.ndarray, " n"],
    budget: int | float,
    cost: int | float,
    rng: np.random.Generator,
) -> Int64[np.ndarray, " m"]:
    """Rows to ask, best first: the highest utilities among `open_`, as long as less than the budget was spent.

    Each costs `cost`, so the budget is overshot by less than one of them. Equal utilities are ordered by chance.
    """
    chance = rng.random(len(utilities))
    order = np.lexsort((chance, -utilities))
    allowed = order[open_[order]]
    return allowed[: ceil(budget / cost - 1e-9)]
