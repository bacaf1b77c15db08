"""The page of benchmarks/shifted.py: what its rows are, and a table for each data set."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from benchmarks.claims import Claim, plus_minus, spread, write

Row = dict[str, Any]

PAGE = """# What a network repeats: shifted labels

`python -m benchmarks.shifted`: labels of a network that comes from elsewhere (facade: a Cityscapes network's; brain, nuclei: a network
trained on blurred slices with another gamma; superalloy: one trained on another alloy), and planted medium mistakes on the brain
(`planted`). {rounds}, simulated answers (docs/answers.md), every arm with the same small U-Net trained by Dice on
normalised gradients for 60 to 70 steps of batch 4. The sets are cut so that an arm takes a minute of one thread: 16 to 40 train images,
300 base cells an image; {hours:.1f} hours of processor time in all. Seeds differ in the labelling network (brain, nuclei, superalloy), in
the first network and in what chance draws. Figures are of the train split's labels, after the clicks named, and of the
network on the test split; ± is the standard deviation over seeds. Nothing was chosen by a test split.

Arms: `given` and `truth` train a network on the first labels and on the true ones. `free_argmax` and `free_threshold` replace labels by the first
network's class, everywhere or where its probability is above .8; `self_training` does the latter three times: they ask nobody. `segmend_before`
is the default of params.yaml (conflicts, expected gain, evidence). `random_corrected` asks at random, `doubt_corrected` in the order of the acquisition
`doubt` with a tenth at random; both with the expansion `corrector`. `corrected_...` is `doubt_corrected` with one part changed.

{missing}

## What this shows so far

One seed, so nothing is shown by the rule of the other pages, and most cells are still to be measured: the benchmark goes on where it stopped. On the
brain, where the network repeats what the other network said, the default of params.yaml leaves 107 of 124 thousand wrong pixels after
10 % of clicks and `sim` 74. The corrector leaves 94: better than the default, **worse than `sim`**, so the target (at most 70 % of `sim`) is missed.
Its guard is why: of 142 questions of the first round 15 are random, of the 283 of the second 29, and they allowed 847 pixels to be relabelled after
the second round and 15,430 after the third, of which 261 had been right. The guard keeps what it promises (1.7 % of what it relabelled
was broken) and is too cautious at a tenth. A larger random share and a narrower interval are the first things to measure.
So the corrector is no default: `segmend run -e segmend_corrected`.

{tables}
"""


def of(rows: Sequence[Row], data: str, arm: str) -> list[Row]:
    return [row for row in rows if (row["data"], row["arm"]) == (data, arm)]


def wrong(rows: Sequence[Row], number: int) -> list[float]:
    """Wrong pixels of the labels after a round, in thousands, one a seed."""
    return [row["rounds"][number]["wrong_pixels"] / 1000 for row in rows]


def table(rows: Sequence[Row], data: str, arms: Sequence[str], budgets: Sequence[str]) -> str:
    shares = [sum(float(one.rstrip("%")) for one in budgets[:k]) for k in range(len(budgets) + 1)]
    heads = [
        *(f"wrong, thousands, {share:g} %" for share in shares[1:]),
        "data mIoU",
        "model mIoU",
        "unasked: fixed - broken",
    ]
    lines = [f"| arm | seeds | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for arm in arms:
        if not (some := of(rows, data, arm)):
            continue
        last = [row["rounds"][-1] for row in some]
        asked = len(some[0]["rounds"]) > 1
        cells = [plus_minus(wrong(some, k), 1) if asked else "" for k in range(1, len(shares))]
        if not asked:
            cells[-1] = f"{plus_minus(wrong(some, 0), 1)} (asks nobody)"
        cells += [plus_minus([one[key] for one in last]) for key in ("data_miou", "model_miou")]
        moved = [(one["auto_fixed"] or 0, one["auto_broken"] or 0) for one in last]
        cells.append(
            f"{mean(a for a, _ in moved):,.0f} - {mean(b for _, b in moved):,.0f}" if any(map(any, moved)) else ""
        )
        lines.append(f"| {arm} | {len(some)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ratio_claims(rows: Sequence[Row], shifted: Sequence[str], arm: str) -> list[Claim]:
    """Wrong pixels that an arm leaves at the end over those of others, by seed on the mean over the shifted sets that have both."""
    claims = []
    for other, target in (("sim", 0.70), ("segmend_before", 1.0), ("random_corrected", 1.0)):
        seeds = sorted({row["seed"] for row in rows})
        values = []
        for seed in seeds:
            both = [
                (mine["rounds"][-1]["wrong_pixels"] / theirs["rounds"][-1]["wrong_pixels"])
                for data in shifted
                for mine in of(rows, data, arm)
                for theirs in of(rows, data, other)
                if mine["seed"] == theirs["seed"] == seed
            ]
            if len(both) == len(shifted):
                values.append(mean(both))
        if values:
            text = f"wrong pixels after 10 % of clicks, {arm} over {other}, mean over {', '.join(shifted)}"
            holds = len(values) >= 3 and max(values) <= target
            claims.append(Claim(text, f"at most {target}", mean(values), len(values), spread(values), holds))
    return claims


def write_page(
    rows: Sequence[Row], data: Sequence[str], shifted: Sequence[str], arms: Sequence[str], budgets: Sequence[str]
) -> None:
    tables = "\n\n".join(
        f"## {name}\n\n{first(rows, name)}\n\n{table(rows, name, arms, budgets)}" for name in data if first(rows, name)
    )
    absent = [f"`{arm}`" for arm in arms if any(len(of(rows, name, arm)) < 3 for name in data)]
    missing = f"Fewer than three seeds on some set: {', '.join(absent)}." if absent else ""
    rounds = f"Rounds of {', '.join(budgets)} of the base cells"
    hours = sum(row["cpu_seconds"] for row in rows) / 3600
    page = PAGE.format(rounds=rounds, hours=hours, missing=missing, tables=tables)
    write("shifted", ratio_claims(rows, shifted, "doubt_corrected"), page)


def first(rows: Sequence[Row], data: str) -> str:
    """The first labels, of every seed that has a row."""
    starts = {
        row["seed"]: row["rounds"][0]
        for row in rows
        if row["data"] == data and len(row["rounds"]) > 1 or row["arm"] == "given" and row["data"] == data
    }
    if not starts:
        return ""
    one = [starts[seed] for seed in sorted(starts)]
    return (
        f"First labels: {plus_minus([row['wrong_pixels'] / 1000 for row in one], 1)} thousand pixels wrong, data mIoU "
        f"{plus_minus([row['data_miou'] for row in one])}; the ceiling of the base cells is {plus_minus([row['ceiling_miou'] for row in one])}."
    )
