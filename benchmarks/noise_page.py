"""The page of benchmarks/noise.py: tables of gains over cross entropy, arms in order, claims."""

from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.claims import Claim, plus_minus, spread, write
from benchmarks.effect import RULE, SEEDS, direction
from benchmarks.noise_arms import ARMS, LONG_DATA, LONGER
from benchmarks.rounds_in_process import DATA

SOLID = {"swapped": 0.4, "blobs": 0.3, "dropped": 0.15, "invented": 0.15, "border": 0.0}
KINDS = {"objects": SOLID, "border": {**dict.fromkeys(SOLID, 0.0), "border": 1.0}}
LEVELS = ("easy", "medium", "hard")
BASELINE, OURS = "cross_entropy", "dice+znorm"  # ours: what params.yaml ships
Row = dict[str, Any]


def usual(data: str) -> int:
    """The epochs of the short trainings."""
    return int(DATA[data]["train"]["epochs"])


def lasting(rows: list[Row], long: bool) -> list[Row]:
    """The rows of the long trainings, or of the short ones: no table holds both."""
    return [row for row in rows if (row["epochs"] > usual(row["data"])) == long]


def settings_of(row: Row) -> tuple[str, str, str]:
    return row["data"], row["kind"], row["level"]


def ranking(rows: list[Row]) -> list[tuple[str, float]]:
    """Arms from best to worst: the mean gain over cross entropy on the truth of the val split, seed 0, hard noise.

    Of the data sets that all arms were screened on (nuclei takes twice as long), and of arms that were measured on all of these.
    Rows of before the val split was scored take no part.
    """
    first = [r for r in rows if r["seed"] == 0 and r["level"] == "hard" and "val" in r and r["data"] in LONG_DATA]
    settings = sorted({settings_of(row) for row in first if row["arm"] == BASELINE})
    by_arm = {arm: [gains(first, arm, setting, "val") for setting in settings] for arm in ARMS if arm != BASELINE}
    whole = {
        arm: mean(gain for part in parts for gain in part) for arm, parts in by_arm.items() if parts and all(parts)
    }
    return sorted(whole.items(), key=lambda item: -item[1])


def gains(rows: list[Row], arm: str, setting: tuple[str, str, str], score: str = "final") -> list[float]:
    """Arm minus plain cross entropy, seed by seed."""
    of = {
        name: {
            row["seed"]: row[score]
            for row in rows
            if row["arm"] == name and settings_of(row) == setting and score in row
        }
        for name in (arm, BASELINE)
    }
    return [of[arm][seed] - of[BASELINE][seed] for seed in sorted(of[arm].keys() & of[BASELINE].keys())]


def verdict(values: list[float]) -> str:
    return "" if len(values) < SEEDS else {1: " +", 0: " =", -1: " -"}[direction(values)]


def table(rows: list[Row], places: list[tuple[str, str, str]], arms: list[str], score: str) -> str:
    """A line an arm: cross entropy's own mIoU, then the differences to it."""
    head = "| arm | " + " | ".join(f"{d}, {k}, {v}" for d, k, v in places) + " | mean |\n|" + "---|" * (len(places) + 2)
    lines = []
    for arm in arms:
        shown, every = [], []
        for setting in places:
            if arm == BASELINE:
                values = [r[score] for r in rows if r["arm"] == arm and settings_of(r) == setting and score in r]
                shown.append(plus_minus(values) if values else "")
            else:
                values = gains(rows, arm, setting, score)
                shown.append(
                    f"{'+' if mean(values) >= 0 else ''}{plus_minus(values)}{verdict(values)}" if values else ""
                )
            every += [mean(values)] if values else []
        if every:
            lines.append(f"| {arm} | {' | '.join(shown)} | {mean(every):.3f} |")
    return "\n".join([head, *lines])


PAGE = """# Does training in spite of bad labels pay?

`python -m benchmarks.noise --screen`, then with `--arms` and `--seeds 0 1 2` for some: networks and lengths of experiments/brain.yaml (about
200 steps each; params.yaml trains by `dice+znorm` too, so that a change of its questions changes nothing here), planted mistakes in train and val of two kinds (`objects`: pieces swapped, blobs, dropped, invented; `border`: borders moved) and
three levels (5, 15 and 30 % of the pixels that are not of the largest class). Model mIoU on the clean test split; {hours:.1f}
hours of trainings on one core each. Arms were chosen on the true labels of the val split with seed 0 at hard noise (planting keeps them; no
training sees them); the best by it, and the baseline, have three seeds (which have not stands at the end). Under cross entropy its own mIoU stands, under the others the difference to it, seed by seed: mean ± standard
deviation; + and - where that is an effect, = where none is shown. `final`: the last weights; `best`: those that follow the val split's
given (bad) labels best.

{RULE}

## Three seeds: final

{final}

## Three seeds: best on the val split's given labels

{best}

## Screened with one seed, hard noise: final, on the truth of the val split (what chose)

{chosen}

In order: {order}.

## The same trainings on the test split (what did not choose)

{screened}

One seed shows nothing by itself: a difference below .01 is noise.

{long}{reading}
"""
LONG_PAGE = """## {times} times as long

The same with {times} times the epochs ({epochs}), where a network has time to remember wrong labels; {hours:.1f} hours. Final:

{final}

Best on the val split's given labels:

{best}

Final, on the truth of the val split:

{val}

"""
READING = Path(__file__).parent / "results/noise_reading.md"


def claims(rows: list[Row]) -> list[Claim]:
    made = []
    for setting in sorted({settings_of(row) for row in rows}):
        values = gains(rows, OURS, setting)
        if len(values) < SEEDS:
            continue
        hard, shown = setting[2] != "easy", direction(values)
        holds = shown > 0 if hard else shown >= 0
        target = "an effect" if hard else "no effect against it"
        text = f"{', '.join(setting)}: final mIoU of the default recipe less that of plain cross entropy"
        made.append(Claim(text, target, mean(values), len(values), spread(values), holds))
    return made


def in_order(rows: list[Row]) -> list[tuple[str, str, str]]:
    """The settings of rows, as tables list them."""
    order = {name: k for k, name in enumerate([*DATA, *KINDS, *LEVELS])}
    return sorted({settings_of(row) for row in rows}, key=lambda setting: [order[part] for part in setting])


def hours(rows: list[Row]) -> float:
    return sum(row["seconds"] for row in rows) / 3600


def long_part(rows: list[Row]) -> str:
    """The tables of the long trainings; nothing where there are none."""
    if not rows:
        return ""
    epochs = ", ".join(f"{data} {count}" for data, count in sorted({(row["data"], row["epochs"]) for row in rows}))
    tables = {score: table(rows, in_order(rows), list(ARMS), score) for score in ("final", "best", "val")}
    return LONG_PAGE.format(times=LONGER, epochs=epochs, hours=hours(rows), **tables)


def report(every: list[Row]) -> None:
    rows, long = (lasting(every, long) for long in (False, True))
    places = in_order(rows)
    seeds = {arm: {row["seed"] for row in rows if row["arm"] == arm} for arm in ARMS}
    confirmed = [arm for arm in ARMS if len(seeds[arm]) > 1]
    first = [row for row in rows if row["seed"] == 0 and row["level"] == "hard"]
    hard = [place for place in places if place[2] == "hard"]
    page = PAGE.format(
        RULE=RULE,
        hours=hours(rows),
        final=table(rows, places, confirmed, "final"),
        best=table(rows, places, confirmed, "best"),
        chosen=table(first, hard, list(ARMS), "val"),
        order=", ".join(f"{arm} {gain:+.3f}" for arm, gain in ranking(rows)) or "nothing yet",
        screened=table(first, hard, list(ARMS), "final"),
        long=long_part(long),
        reading=READING.read_text() if READING.is_file() else "",
    )
    write("noise", claims(rows), page)
