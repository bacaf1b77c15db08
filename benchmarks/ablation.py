"""Does each part of the papers' methods do what the papers say it does? One part taken away at a time, on our data.

    python -m benchmarks.ablation                           every arm on brain and superalloy with seeds 0, 1 and 2
    python -m benchmarks.ablation --data brain --arms merged merged+sieved --seeds 0
    python -m benchmarks.ablation --table                   only write the page from the rows that are there

Data and cells are those of benchmarks/acquisition.py, and so are the arms of ALC: rows it measured are read, not made
again. The arms of ASAL and MulActSeg start without a label, as in the papers. Several of these may run side by side,
and beside benchmarks.acquisition: a cell in work is left to the one that works on it.
"""

from collections.abc import Callable
from statistics import mean
from typing import NamedTuple

from benchmarks import acquisition, rounds_in_process
from benchmarks.ablation_arms import ARMS, BUDGET, PAPER, ROUNDS, STAGE_2, Blank, Row, cell_of
from benchmarks.claims import Claim, arguments, kept, plus_minus, spread, write
from benchmarks.effect import RULE, direction, in_words
from benchmarks.gap import area, gap_closed
from benchmarks.rounds_in_process import DATA

KEEP = ("clicks", "queries", "cells", "data_miou", "coverage", "wrong_pixels", "wrong_share", "model_miou")
SECONDS = "round_seconds"
TARGET = "above 0, 95 % interval"


def measure(data: str, arm: str, seed: int) -> Row:
    if PAPER[arm] == "ALC":
        return acquisition.measure(data, arm, seed)
    cell = cell_of(data, arm, seed)
    assert isinstance(cell, Blank)
    rounds = cell.rounds(ROUNDS, BUDGET)
    sets = [0, *cell.class_sets]
    kept_values: Row = {
        "rounds": [
            {key: row.get(key) for key in (*KEEP, SECONDS)} | {"class_sets": n}
            for row, n in zip(rounds, sets, strict=True)
        ]
    }
    if arm == "full":
        kept_values["stage2"] = {key: value for key, value in cell.stage_two().items() if key in KEEP}
    cell.remove()
    return kept_values


def rows_so_far() -> list[Row]:
    """One row per data set, arm and seed; those of benchmarks.acquisition first; stage 2 as an arm of its own."""
    by_cell: dict[tuple[str, str, int], Row] = {}
    for row in [*kept("acquisition"), *kept("ablation")]:
        if row["arm"] not in PAPER:
            continue
        by_cell.setdefault((row["data"], row["arm"], row["seed"]), row)
        if "stage2" in row:
            last = row["rounds"][-1] | row["stage2"]
            second = {"data": row["data"], "arm": STAGE_2, "seed": row["seed"], "rounds": [*row["rounds"][:-1], last]}
            by_cell.setdefault((row["data"], STAGE_2, row["seed"]), second)
    return list(by_cell.values())


def clicks(row: Row) -> float:
    return row["rounds"][-1]["clicks"] / row["rounds"][1]["cells"]


def accuracy(row: Row) -> float:
    return 1 - row["rounds"][-1]["wrong_share"]


def end(name: str) -> Callable[[Row], float]:
    return lambda row: row["rounds"][-1][name]


def sets(row: Row) -> float:
    """Share of the answers that name several classes, all rounds together."""
    return sum(entry["class_sets"] for entry in row["rounds"]) / max(1, row["rounds"][-1]["queries"])


class Column(NamedTuple):
    name: str
    score: Callable[[Row], float]
    digits: int = 3


DATA_MIOU, MODEL_MIOU = Column("data mIoU", end("data_miou")), Column("model mIoU", end("model_miou"))
LABELLED = Column("share of pixels labelled", end("coverage"))
RIGHT = Column("of these right", accuracy)
AREA = Column("area", area)
COLUMNS = {
    "ALC": (
        Column("clicks / cells", clicks),
        AREA,
        Column("share of the gap closed", lambda row: gap_closed(row)[-1][1]),
        DATA_MIOU,
        MODEL_MIOU,
    ),
    "ASAL": (Column("clicks / cells", clicks), LABELLED, RIGHT, DATA_MIOU, MODEL_MIOU),
    "MulActSeg": (
        Column("clicks / cells", clicks),
        Column("answers with several classes", sets),
        LABELLED,
        RIGHT,
        DATA_MIOU,
        MODEL_MIOU,
    ),
}


class Question(NamedTuple):
    """Is `arm` better than `without`, by this score?"""

    text: str
    arm: str
    without: str
    score: Column


QUESTIONS = (
    Question("ALC: look-ahead mean (lcil) over the representative pixel (cil)", "lcil", "cil", AREA),
    Question("ALC: look-ahead sum (sim) over the representative pixel (cil)", "sim", "cil", AREA),
    Question("ASAL: merged regions over base cells", "merged", "cells", LABELLED),
    Question("ASAL: merged regions over base cells", "merged", "cells", MODEL_MIOU),
    Question("ASAL: oracle superpixels over merged regions (an upper bound)", "oracle", "merged", MODEL_MIOU),
    Question("ASAL: merged and sieved over merged", "merged+sieved", "merged", RIGHT),
    Question("ASAL: merged and sieved over merged", "merged+sieved", "merged", MODEL_MIOU),
    Question("ASAL: merged and sieved over base cells", "merged+sieved", "cells", MODEL_MIOU),
    Question("MulActSeg: both losses over cross entropy alone", "full", "one_class", MODEL_MIOU),
    Question("MulActSeg: with the prototypical pixel loss over without", "full", "without_pp", MODEL_MIOU),
    Question("MulActSeg: with the merged positive loss over without", "full", "without_mp", MODEL_MIOU),
    Question("MulActSeg: stage 2 over stage 1", STAGE_2, "full", MODEL_MIOU),
    Question("MulActSeg: both losses and stage 2 over cross entropy alone", STAGE_2, "one_class", MODEL_MIOU),
)


def differences(rows: list[Row], data: str, question: Question) -> list[float]:
    """Arm minus the arm without, seed by seed: only of seeds that have both."""
    of = {
        arm: {row["seed"]: row for row in rows if (row["data"], row["arm"]) == (data, arm)}
        for arm in (question.arm, question.without)
    }
    seeds = sorted(of[question.arm].keys() & of[question.without].keys())
    score = question.score.score
    return [score(of[question.arm][seed]) - score(of[question.without][seed]) for seed in seeds]


def verdict(values: list[float]) -> str:
    """What the differences of the seeds show, in words."""
    return in_words(values, "an effect, as the paper says", "an effect **against** the paper")


def asked(rows: list[Row]) -> list[tuple[str, Question, list[float]]]:
    """Every question on every data set that has rows for it."""
    data = [name for name in DATA if any(row["data"] == name for row in rows)]
    every = [(name, question, differences(rows, name, question)) for question in QUESTIONS for name in data]
    return [entry for entry in every if entry[2]]


def claims(rows: list[Row]) -> list[Claim]:
    """One a question and data set, held to the rule that the page's words follow."""
    return [
        Claim(f"{name}, {q.text}: difference in {q.score.name}", TARGET, mean(v), len(v), spread(v), direction(v) > 0)
        for name, q, v in asked(rows)
    ]


def table(rows: list[Row], data: str, paper: str) -> str:
    """One line an arm, in the order of ARMS."""
    columns, lines = COLUMNS[paper], []
    for arm in (*ARMS[paper], *([STAGE_2] if paper == "MulActSeg" else [])):
        runs = [row for row in rows if (row["data"], row["arm"]) == (data, arm)]
        if runs:
            numbers = (plus_minus([column.score(row) for row in runs], column.digits) for column in columns)
            lines.append(f"| {arm} | {len(runs)} | {' | '.join(numbers)} |")
    head = f"| arm | seeds | {' | '.join(column.name for column in columns)} |\n|{'---|' * (len(columns) + 2)}"
    return "\n".join([head, *lines]) if lines else "Not measured."


PAGE = """# What is each part of the papers' methods worth?

`python -m benchmarks.ablation`: the data and cells of [acquisition.md](acquisition.md), simulated answers
(docs/answers.md), one thread a run; {hours:.1f} hours of such runs. ± is the standard deviation over the seeds;
differences are taken seed by seed. Model mIoU is measured on the test split, which no choice ever sees. Small networks
and small data: directions, not the papers' figures.

## What the data show

{rule} Of {questions} comparisons about one would pass by chance alone.

| part | data | score | difference | what it shows |
|---|---|---|---|---|
{shown}

## ALC: does looking ahead pay?

From planted `medium` mistakes, four rounds of 5 % of the base cells. `cil` believes the representative pixel of a cell,
`lcil` takes the mean over the pixels that would follow it, `sim` their sum. Area: mean share of the gap from first
labels to ceiling that is closed, over the clicks spent.

{alc}

## ASAL: do merging and sieving pay?

From no labels at all; {rounds} rounds of {budget} of the base cells, one click for the dominant class of a region. The
first round asks about base cells at random, since there is no network yet that could rank, merge or sieve. Then
`popularity` ranks: the base cells (`cells`), regions merged by what the network sees (`merged`), and those with each
answer cut at the knee of the network's confidence, the rest left without a label (`merged+sieved`); `oracle` merges by the
true classes, which no method can know: the upper bound of what merging gives. Data mIoU is over
the labelled pixels only, so read it beside their share.

{asal}

## MulActSeg: what are its losses and its second stage worth?

From no labels at all; {rounds} rounds of {budget} of the base cells in clicks (a click for each class ticked), asked at
random, so all arms learn from the same answers. `one_class`: cross entropy on the regions of one class, sets are not
read; `without_pp`, `without_mp`: one of the two losses for sets left out; `full`: both. `full+stage2`: prototypes of
the network of `full` label the pixels of the sets and those around all answered regions, and a new network learns from
these labels by cross entropy. The share of answers with several classes says how much there is to gain: base cells are
small and mostly pure.

{mulactseg}
"""


def report() -> None:
    rows = sorted(rows_so_far(), key=lambda row: (list(DATA).index(row["data"]), row["seed"]))
    data = list(dict.fromkeys(row["data"] for row in rows))
    hours = (
        sum(entry.get("round_seconds") or 0 for row in rows if row["arm"] != STAGE_2 for entry in row["rounds"]) / 3600
    )
    parts = {p.lower(): "\n\n".join(f"### {name}\n\n{table(rows, name, p)}" for name in data) for p in ARMS}
    shown = "\n".join(f"| {q.text} | {d} | {q.score.name} | {signed(v)} | {verdict(v)} |" for d, q, v in asked(rows))
    page = PAGE.format(
        hours=hours,
        rounds=ROUNDS,
        budget=BUDGET.replace("%", " %"),
        shown=shown,
        rule=RULE,
        questions=len(asked(rows)),
        **parts,
    )
    write("ablation", claims(rows), page)


def signed(values: list[float]) -> str:
    return ("+" if mean(values) >= 0 else "") + plus_minus(values)


def main() -> None:
    chosen = arguments(
        "ablation",
        __doc__,
        data={"nargs": "+", "default": ["brain", "superalloy"], "choices": list(DATA)},
        arms={"nargs": "+", "default": list(PAPER), "choices": list(PAPER)},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2]},
        table={"action": "store_true"},
    )
    wanted = [{"data": d, "arm": a, "seed": s} for s in chosen.seeds for a in chosen.arms for d in chosen.data]
    if not chosen.table:  # arms of ALC are cells of benchmarks.acquisition too, and have the lock that it takes
        called = lambda cell: cell["arm"] if PAPER[cell["arm"]] == "ALC" else f"ablation-{cell['arm']}"  # noqa: E731
        rounds_in_process.take("ablation", wanted, rows_so_far, cell_of, measure, called)
    report()


if __name__ == "__main__":
    main()
