"""The page of benchmarks/zero_label.py: tables by round and class, claims, what they show in words."""

from math import nan
from statistics import mean
from typing import Any

from benchmarks.claims import Claim, plus_minus, spread, write
from benchmarks.effect import RULE, direction
from benchmarks.zero_label_arms import ARMS, BASELINE, CALIBRATION, HIDDEN, ONE_CLASS_LEFT, OTHERS, ROUNDS

Row = dict[str, Any]


def last(row: Row, name: str) -> float:
    """A number of the last round; NaN where there is none (no pixel got a hidden class's label)."""
    value = row["rounds"][-1][name]
    return nan if value is None else value


def differences(rows: list[Row], data: str, hidden: int, name: str, arm: str) -> list[float]:
    """An arm minus plain self-training, seed by seed, of seeds where both have the number."""
    here = [row for row in rows if (row["data"], row["hidden"]) == (data, hidden)]
    of = {
        name_of_arm: {row["seed"]: last(row, name) for row in here if row["arm"] == name_of_arm}
        for name_of_arm in (arm, BASELINE)
    }
    both = [of[arm][seed] - of[BASELINE][seed] for seed in sorted(of[arm].keys() & of[BASELINE].keys())]
    return [value for value in both if value == value]


NAMES = {"model_harmonic": "harmonic mean of seen and unseen IoU", "unseen_precision": "precision of the pseudo labels"}


def claim(text: str, values: list[float]) -> Claim:
    """That the values are above 0, by the rule of effect."""
    return Claim(text, "above 0", mean(values), len(values), spread(values), direction(values) > 0)


def claims(rows: list[Row]) -> list[Claim]:
    """Each arm against plain self-training (STRICT's rule with one view), and STRICT against round 0."""
    made = []
    for data, hidden in ((data, hidden) for data, some in HIDDEN.items() for hidden in some):
        if (data, hidden) == ONE_CLASS_LEFT:
            continue
        what = f"{data}, {hidden} hidden"
        every = {
            f"{what}: {arm} less one view, {text} after {ROUNDS} rounds": differences(rows, data, hidden, name, arm)
            for arm in ARMS
            if arm != BASELINE
            for name, text in NAMES.items()
        }
        mine = [row for row in rows if (row["data"], row["hidden"], row["arm"]) == (data, hidden, "strict")]
        gains = [last(row, "model_harmonic") - row["rounds"][0]["model_harmonic"] for row in mine]
        say = f"{what}: strict after {ROUNDS} rounds less round 0, {NAMES['model_harmonic']}"
        every[say] = [value for value in gains if value == value]
        made += [claim(text, values) for text, values in every.items() if values]
    return made


COLUMNS = {
    "coverage": "unseen_coverage",
    "precision": "unseen_precision",
    "seen mIoU": "model_miou_seen",
    "unseen mIoU": "model_miou_unseen",
    "harmonic mean": "model_harmonic",
}


def line(what: str, number: int, some: list[Row]) -> str:
    """One row of a table: mean and spread over the seeds that have the number."""
    cells = []
    for key in COLUMNS.values():
        values = [row["rounds"][number][key] for row in some]
        values = [value for value in values if value is not None]
        cells.append(plus_minus(values) if values else "none")
    return f"| {what} | {number} | {len(some)} | {len(nothing(some, number))} | {' | '.join(cells)} |"


def nothing(some: list[Row], number: int) -> list[int]:
    """The seeds in which no pixel had a hidden class's label: there is no precision then."""
    return [row["seed"] for row in some if row["rounds"][number]["unseen_precision"] is None]


def table(rows: list[Row], data: str, hidden: int) -> str:
    here = [row for row in rows if (row["data"], row["hidden"]) == (data, hidden)]
    if not here:
        return "Not measured."
    by_seed = {row["seed"]: row for row in here}  # round 0 is the same for all arms
    lines = [line("no pseudo labels", 0, list(by_seed.values()))]
    for arm in ARMS:
        some = [row for row in here if row["arm"] == arm]
        lines += [line(arm, number, some) for number in range(1, ROUNDS + 1) if some]
    head = f"| arm | round | seeds | labelled nothing | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 4)}"
    return "\n".join([head, *lines, "", classes_table(here)])


def classes_table(here: list[Row]) -> str:
    """The hidden classes one by one, at the end."""
    lines = ["| hidden class | arm | coverage | precision | IoU of the network |", "|---|---|---|---|---|"]
    for name in here[0]["classes"]:
        for arm in ARMS:
            some = [row["classes"][name][-1] for row in here if row["arm"] == arm]
            cells = []
            for key in ("data_coverage", "data_precision", "model_iou"):
                values = [entry[key] for entry in some if entry[key] is not None]
                cells.append(plus_minus(values) if values else "none")
            if some:
                lines.append(f"| {name} | {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


PAGE = """# Classes that nobody labelled

`python -m benchmarks.zero_label`: the truth as labels, but for one or two classes whose pixels have no label; {rounds}
rounds without a question, in which the network of the round before labels what has none; each round trains from the
initial weights. {hours:.1f} hours of such runs, one thread each. ± is the standard deviation over the seeds. Scores are
of the test split, which no choice ever sees; coverage and precision are of the pseudo labels of the hidden classes.

**What is known of a hidden class is its vector alone** (train.network, head: embedding): on the brain how bright the
tissue is, in the order of brightness; on superalloy bright or dark, small or large. Somebody wrote that down. With a
plain classifier a class that has no label is never said, and no self-training can begin. Calibration {calibration}, as
SPNet has it for COCO-Stuff; it ends where pseudo labels hold the class. The loss is the shipped one (train.loss in params.yaml), on gradients as they come.

`strict`: where six views (mirrored, and 1.5 and 1.75 times as large) agree on a hidden class. `one_view`: the same rule
without them, the arg-max of the image as it is: plain self-training, the baseline. `sure`: only where the arg-max has a
probability of .9. `quota`: the surest base cells of each class, as many of each, a third of all in the first round and all
in the last (GRIP's rule). "Labelled nothing": in how many seeds no pixel had a hidden class's label.
{rule}

With one class hidden the arg-max is over all classes: among one class it would be that class everywhere. There {others:.0%}
of the squares of 32 x 32 pixels have no label at all, so a pixel without one may be of any class, as in the field, and
precision says something (without these squares it would be 1 whatever is done). `sure` and `quota` give labelled classes there
too, `strict` and `one_view` only the hidden one; coverage and precision are of the hidden class alone. With two classes hidden the arg-max
is over these two, as in the paper, and a pixel without a label always is one of them: in the field it may be something
else.

With both precipitates of superalloy hidden a single class is left, the matrix. A network that is taught one class
learns nothing that could tell the others from it or from each other: this cell, of one seed, shows what too little
looks like, and nothing is claimed of it.

## What this shows

Pseudo labels of a class known by its vector alone pay: three rounds lift the harmonic mean from .50 to .85 on the brain with one class hidden, and
by .16 (three seeds do not show it: ± .08) and .20 in the other two cells. **STRICT does not beat plain self-training here.** Its labels are more precise, as it
promises, but by .3 to .4 percent of pixels where one view is right in 99 % of what it labels already; for that it labels fewer of them (brain .76
against .87; superalloy, whose precipitates change their look with the scale, .1 to .2 against .7), and the harmonic mean is lower by .02 to .14 (an effect on
the brain with one hidden; elsewhere three seeds do not show it).
Where one view is wrong often (brain, two hidden, precision .84) the six views are wrong together. Data whose pseudo labels are bad in a way that views tell apart were
not among ours.

**Where the hidden classes compete among themselves alone, confidence may pay**: with two hidden on the brain `sure` labels less and is right in 99 % of it, and is
ahead of one view by .03 ± .01 after three rounds (after two: .84 against .73), which three seeds do not show. **Where labelled classes compete too, it does the opposite**: with one hidden the network is
sure of the classes that it was taught, these take what has no label, and the hidden class dies out (IoU .18 on the brain). `quota` keeps it
alive, and is below one view by .17 (an effect), .13 and .05 (not shown): equal numbers for classes that are not equally large force wrong labels in the last round,
and with one class hidden it fills labelled classes too, with mistakes, which one view leaves alone.

{parts}
"""


def report(rows: list[Row]) -> None:
    rows = sorted(rows, key=lambda row: (row["data"], row["hidden"], row["seed"]))
    hours = sum(entry.get("round_seconds") or 0 for row in rows for entry in row["rounds"]) / 3600
    parts = [
        f"## {data}: {' and '.join(names)} hidden\n\n{table(rows, data, hidden)}"
        for data, some in HIDDEN.items()
        for hidden, names in some.items()
    ]
    page = PAGE.format(
        rule=RULE, rounds=ROUNDS, hours=hours, calibration=CALIBRATION, others=OTHERS[1], parts="\n\n".join(parts)
    )
    write("zero_label", claims(rows), page)
    for (data, hidden), arm in ((cell, arm) for cell in cells_of(rows) for arm in ARMS):
        some = [row for row in rows if (row["data"], row["hidden"], row["arm"]) == (data, hidden, arm)]
        if some:
            print(f"{data}, {hidden} hidden, {arm}: {len(nothing(some, ROUNDS))} of {len(some)} seeds labelled nothing")


def cells_of(rows: list[Row]) -> list[tuple[str, int]]:
    return sorted({(row["data"], row["hidden"]) for row in rows})
