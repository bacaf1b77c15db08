"""From utilities to the regions that are asked: never twice, within the budget, ties by seeded chance."""

import numpy as np
from jaxtyping import Bool, Float64, Int64


def allowance(budget: int | str, regions: int) -> float:
    """The budget as a number: 'p%' is that share of `regions`, all base cells of the train split."""
    return float(budget) if isinstance(budget, int) else float(budget.removesuffix("%")) / 100 * regions


def ranked(
    utilities: Float64[np.ndarray, " n"], open_: Bool[np.ndarray, " n"], rng: np.random.Generator
) -> Int64[np.ndarray, " m"]:
    """The rows among `open_` in the order of asking: highest utility first, equals ordered by chance.

    A round asks the first of them, as many as its budget allows at one click each: no answer costs less by default. Where an
    answer costs more (a tick for each class of a region), `correct` stops as soon as the clicks are spent.
    """
    chance = rng.random(len(utilities))
    order = np.lexsort((chance, -utilities))
    return order[open_[order]]
