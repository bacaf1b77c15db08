"""From utilities to the regions that are asked: never twice, within the budget, ties by seeded chance."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as compute
from jaxtyping import Bool, Float64, Int64

WRONG = 0.1  # share of wrong pixels below which questions drawn by chance hardly find mistakes
FEW = 5  # answers that find so many stand beside the first ones


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


def drawn(
    order: Int64[np.ndarray, " m"], area: Int64[np.ndarray, " n"], number: int, share: float, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " q"], Float64[np.ndarray, " q"]]:
    """The rows of a round in the order of asking, and the probability with which chance asked each (0: it was chosen).

    The best of `order` are chosen; of all others chance draws ceil(share * number), each in proportion to its area (Efraimidis
    and Spirakis, 2006, without replacement). Those stand evenly among the chosen ones, so that a round which is answered in part has
    its share of them too. Of a region that chance would draw more than once the probability is 1.
    """
    number = min(number, len(order))
    random = min(int(np.ceil(share * number - 1e-9)), number)
    chosen, rest = order[: number - random], order[number - random :]
    lucky, chance = by_area(rest, area, random, rng)
    places, free = spaced(random, number)
    asked, chances = np.zeros(number, np.int64), np.zeros(number)
    asked[places], chances[places] = lucky, chance
    asked[free] = chosen
    return asked, chances


def share_of_chance(past: pa.Table, most: float, least: float | None) -> float:
    """The share of a round that chance draws: `most`, or where `least` is given less as labels are better, never below it.

    Chance draws in proportion to area, so the mean share of a region's pixels that its answers changed is how much of the labels is
    wrong. Below WRONG the share falls in proportion.
    """
    if least is None:
        return most
    by_chance = past.filter(compute.is_valid(past["chance"])).select(["kind", "changed", "pixels"]).to_pylist()
    changed = [row["changed"] / row["pixels"] for row in by_chance if row["kind"] in ("confirm", "class")]
    wrong = (sum(changed) + FEW * WRONG) / (len(changed) + FEW)
    return max(most * min(1.0, wrong / WRONG), min(least, most))


def by_area(
    rows: Int64[np.ndarray, " m"], area: Int64[np.ndarray, " n"], number: int, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " q"], Float64[np.ndarray, " q"]]:
    """`number` of the rows, drawn in proportion to their area, and the probability of each: 1 where all are drawn, else number * area / area of
    all. That is exact in the limit of few draws among many rows; where it is above a tenth, small regions are drawn more often than it says."""
    weight = area[rows].astype(np.float64)
    key = np.log(rng.random(len(rows))) / np.maximum(weight, 1)
    lucky = rows[np.argsort(-key, kind="stable")[:number]]
    if number >= len(rows):
        return lucky, np.ones(len(rows))
    return lucky, np.minimum(1.0, number * area[lucky] / max(weight.sum(), 1.0))


def spaced(some: int, number: int) -> tuple[Int64[np.ndarray, " some"], Int64[np.ndarray, " rest"]]:
    """`some` places spread evenly over 0..number - 1, and the other places."""
    places = np.floor((np.arange(some) + 0.5) * number / max(some, 1)).astype(np.int64)
    return places, np.setdiff1d(np.arange(number), places)
