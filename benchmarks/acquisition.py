"""Which questions mend the labels with the fewest clicks? Every acquisition and every recipe on three data sets.

    python -m benchmarks.acquisition                        screen all arms with seed 0
    python -m benchmarks.acquisition --confirm              baselines, sim, segmend's variants and the five best others: seeds 1, 2
    python -m benchmarks.acquisition --data brain --arms sim segmend --seeds 0 1
    python -m benchmarks.acquisition --table                only write page and picture from the rows that are there

Planted `medium` mistakes, four rounds of 5 % of the base cells, simulated answers. Real data are read from ../shared/data beside the
project, or from SEGMEND_BENCH_DATA. Several of these may run side by side: a cell in work is left to the one that works on it.
"""

from collections.abc import Callable
from statistics import mean
from typing import Any

from benchmarks import acquisition_page
from benchmarks.acquisition_figure import draw
from benchmarks.claims import RESULTS, Claim, arguments, kept, spread, write
from benchmarks.effect import SEEDS
from benchmarks.gap import BASELINES, BUDGET, ROUNDS, Row, area, clicks_to, of, whole_rounds_to
from benchmarks.rounds_in_process import DATA, PLAINLY, Cell, experiment, merged, take
from segmend.answers import forecasts
from segmend.images.dataset import Dataset, Labels
from tasks.evaluate.achievable import ceiling

PLAIN: dict[str, Any] = {
    "query": {"merging": {"name": "none"}, "kind": "correction", "unit": "regions"},
    "correct": {"sieving": {"name": "none"}, "expansion": {"name": "none"}},
}
ACQUISITIONS = (
    "random", "class_balanced", "foreground_random", "entropy", "margin", "least_confidence", "cil", "lcil", "sim", "abc",
    "classbal", "popularity", "pixbal", "expected_gain",
)  # fmt: skip
RECIPES = ("alc", "a2lc", "asal", "mulactseg", "segmend", "segmend_corrected")
WITH_CROSS_ENTROPY = "segmend_cross_entropy"
# The recipe segmend with one part taken away.
VARIANTS: dict[str, dict[str, Any]] = {
    WITH_CROSS_ENTROPY: {"train": PLAINLY},
    "segmend_on_cells": {"query": {"merging": {"name": "none"}}},
    "segmend_by_sim": {"query": {"acquisition": {"name": "sim"}}},
    "segmend_without_evidence": {"correct": {"expansion": {"name": "none"}}},
}
ALWAYS = (
    *BASELINES,
    "sim",
    "segmend",
    "segmend_corrected",
    *VARIANTS,
)  # what the target speaks of, and segmend part by part
ARMS = tuple(dict.fromkeys([*BASELINES, "sim", "segmend", "expected_gain", *VARIANTS, *ACQUISITIONS, *RECIPES]))
KEEP = (
    "clicks", "seconds", "queries", "data_miou", "coverage", "wrong_pixels", "model_miou", "auto_pixels", "ceiling_miou",
    "asked", "cells", "expected_fixed", "pixels_fixed", "pixels_broken", "auto_changed", "auto_fixed", "auto_broken",
    "round_seconds",
)  # fmt: skip


def settings_of(arm: str) -> dict[str, Any]:
    """An acquisition by itself, on the base cells; or a recipe of experiments/, on top of that; or segmend less a part."""
    if arm in RECIPES:
        return merged(PLAIN, experiment(arm))
    if arm in VARIANTS:
        return merged(PLAIN, experiment("segmend"), VARIANTS[arm])
    return merged(PLAIN, {"query": {"acquisition": {"name": arm}}})


def cell_of(data: str, arm: str, seed: int) -> Cell:
    return Cell(data, seed, arm, settings_of(arm))


def measure(data: str, arm: str, seed: int) -> dict[str, Any]:
    cell = cell_of(data, arm, seed)
    rounds = cell.rounds(ROUNDS, BUDGET)
    kept_values = {"rounds": [{key: row.get(key) for key in KEEP} | {"shown": shown(row)} for row in rounds]}
    for forecast in forecasts.read(cell.place / f"labels/r{ROUNDS}/forecasts.json"):
        kept_values["rounds"][int(forecast.round[1:])]["came"] = forecast.fixed  # of the labels that were shown
    regions = cell.place / "queries/r1/regions"
    if regions.is_dir():  # asked about other regions than the base cells: these have a ceiling of their own
        labels = Labels(cell.start / "labels/r0")
        kept_values["rounds"][1]["own_ceiling"] = ceiling(
            Dataset(cell.fixed["dataset"], cell.fixed["truth"]), labels, regions
        ).miou()
    cell.remove()
    return kept_values


def shown(row: dict[str, Any]) -> dict[str, int]:
    """Questions of a round by the class that the labels had."""
    return {key.removeprefix("shown/"): number for key, number in row.items() if key.startswith("shown/")}


def best_others(rows: list[Row], number: int = 5) -> list[str]:
    """The arms with the largest mean area with seed 0, apart from those that are measured with all seeds anyway."""
    known = [row for row in rows if row["seed"] == 0 and row["arm"] not in ALWAYS]
    score = {arm: mean(area(row) for row in known if row["arm"] == arm) for arm in {row["arm"] for row in known}}
    return sorted(score, key=lambda arm: (-score[arm], arm))[:number]


def unconfirmed(rows: list[Row]) -> str:
    """Which of the arms that --confirm takes have not all seeds yet, and where."""
    names = []
    for arm in (*ALWAYS, *best_others(rows)):
        missing = [data for data in DATA if len({row["seed"] for row in of(rows, data, arm)}) < SEEDS]
        if missing:
            names.append(f"`{arm}`" + (f" ({', '.join(missing)})" if len(missing) < len(DATA) else ""))
    return ", ".join(names) or "none"


def ratios(rows: list[Row], arm: str, others: tuple[str, ...], count: Callable[[Row, float], float]) -> list[float]:
    """Clicks of an arm to 90 % of the gap over those of the best of the others, on the mean over the data sets: one a seed."""
    data = [name for name in DATA if any(row["data"] == name for row in rows)]
    cells = {(row["data"], row["arm"], row["seed"]): row for row in rows}
    seeds = [s for s in range(SEEDS) if data and all((d, a, s) in cells for d in data for a in (arm, *others))]
    clicks = {(a, s): mean(count(cells[d, a, s], 0.9) for d in data) for a in (arm, *others) for s in seeds}
    return [clicks[arm, s] / min(clicks[a, s] for a in others) for s in seeds]


FORMS = tuple(
    (arm, f"{name}, {how}", count)
    for arm, name in (
        ("segmend", "segmend"),
        ("segmend_corrected", "segmend_corrected"),
        (WITH_CROSS_ENTROPY, "segmend by cross entropy"),
    )
    for how, count in (("between rounds", clicks_to), ("whole rounds", whole_rounds_to))
)


def claims(rows: list[Row]) -> list[Claim]:
    """The target: half the clicks of the better random baseline, 80 % of sim's, to close 90 % of the gap, on the mean over data sets."""
    where = ", ".join(name for name in DATA if any(row["data"] == name for row in rows))
    made = []
    for arm, form, count in FORMS:
        for others, name, most in ((BASELINES, "the better random baseline", 0.5), (("sim",), "sim", 0.8)):
            if values := ratios(rows, arm, others, count):
                text = f"clicks to 90 % of the gap, mean over {where}: {form}, over those of {name}"
                holds = len(values) >= SEEDS and max(values) <= most + 1e-9  # whole rounds meet it exactly
                made.append(Claim(text, f"at most {most}", mean(values), len(values), spread(values), holds))
    return made


def headline(rows: list[Row]) -> str:
    """The target in every form, and seed by seed."""
    lines = [
        "| clicks to 90 % of the gap of | over the better random baseline | over sim | over abc |",
        "|---|---|---|---|",
    ]
    for arm, form, count in FORMS:
        each = [ratios(rows, arm, others, count) for others in (BASELINES, ("sim",), ("abc",))]
        cells = (f"{mean(values):.3f} ({', '.join(f'{v:.3f}' for v in values)})" if values else "-" for values in each)
        lines.append(f"| {form} | {' | '.join(cells)} |")
    return "\n".join(lines)


def report() -> None:
    order = {arm: k for k, arm in enumerate(ARMS)}
    rows = sorted(
        (row for row in kept("acquisition") if row["arm"] in order),
        key=lambda row: (list(DATA).index(row["data"]), order[row["arm"]], row["seed"]),
    )
    draw(rows, RESULTS)
    page = acquisition_page.page(rows, headline=headline(rows), unconfirmed=unconfirmed(rows))
    write("acquisition", claims(rows), page)


def main() -> None:
    chosen = arguments(
        "acquisition",
        __doc__,
        data={"nargs": "+", "default": list(DATA)},
        arms={"nargs": "+", "default": list(ARMS)},
        seeds={"nargs": "+", "type": int, "default": [0]},
        confirm={"action": "store_true"},
        table={"action": "store_true"},
    )
    if chosen.confirm:
        chosen.arms = [*ALWAYS, *best_others(kept("acquisition"))]
        chosen.seeds = [1, 2]
    wanted = [{"data": d, "arm": a, "seed": s} for s in chosen.seeds for a in chosen.arms for d in chosen.data]
    if not chosen.table:
        take("acquisition", wanted, lambda: kept("acquisition"), cell_of, measure)
    report()


if __name__ == "__main__":
    main()
