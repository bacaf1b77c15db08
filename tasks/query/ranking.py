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
    its share of them too.
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
    """`number` of the rows, drawn in proportion to their area, and the probability of each."""
    weight = np.maximum(area[rows].astype(np.float64), 1)
    key = np.log(rng.random(len(rows))) / weight
    lucky = np.argsort(-key, kind="stable")[:number]
    return rows[lucky], inclusion(weight, number)[lucky]


def inclusion(weight: Float64[np.ndarray, " n"], number: int) -> Float64[np.ndarray, " n"]:
    """The probability of each to be among `number` that are drawn in proportion to weight, without replacement; 1 where all are drawn.

    number * weight / all weights is the limit for few among many: right to .01 below a tenth, up to a half too much of the largest between
    that and 1. Where it would be 1 or more for any, the probability is 1 - exp(-weight t), right to a few hundredths, with t such that all add up to
    the number (Rosén, Asymptotic Theory for Successive Sampling with Varying Probabilities Without Replacement, 1972).
    """
    if number >= len(weight):
        return np.ones(len(weight))
    nearly = number * weight / weight.sum()
    if nearly.max() < 1:
        return nearly
    from scipy.optimize import brentq  # here: few rounds need it, and it takes a tenth of a second to load

    t = brentq(lambda t: float((1 - np.exp(-weight * t)).sum()) - number, 0, 40 / weight.min())
    return 1 - np.exp(-weight * t)


def spaced(some: int, number: int) -> tuple[Int64[np.ndarray, " some"], Int64[np.ndarray, " rest"]]:
    """`some` places spread evenly over 0..number - 1, and the other places."""
    places = np.floor((np.arange(some) + 0.5) * number / max(some, 1)).astype(np.int64)
    return places, np.setdiff1d(np.arange(number), places)
