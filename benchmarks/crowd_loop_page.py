"""results/crowd_loop.md and .json from the rows of benchmarks.crowd_loop."""

from collections.abc import Callable, Iterable
from statistics import mean
from typing import Any

from benchmarks.claims import Claim, plus_minus, spread, write

Row = dict[str, Any]
CROWDS = ("mixed", "careful")
ONE = "1"
BEST = "adaptive belief_propagation, network"

PAGE = """# Several people per question inside the loop

`python -m benchmarks.crowd_loop`: simulated people answer a first round's questions (default acquisition and merging) about brain slices of which
more than 35 % is brain, with planted mistakes (`medium`), {seeds} seeds. All arms of a column spend the same clicks: with overlap 3 they
answer a third of the questions of overlap 1. Adaptive gives a question to a second and third person while it is likelier than .2 (the
default of `correct.doubt`) that its answer is wrong. "network": its prediction from before the answers is a prior of at most .8. No
expansion, so that only answers change labels; no retraining.

The people: ada answers right with .95, ben with .8 (his wrong answers about grey matter are white matter), cem with .6, dan any class at random
(`mixed`); or three who are right with .95 (`careful`). A question goes to as many of them as the arm says, drawn by chance.

**Wrong pixels left**, as a share of those before (mean and standard deviation over seeds):

{tables}

**What it says.**

{reading}

**Who is believed to be how reliable** (`mixed`, {budget} of the superpixels in clicks): the share of right answers, what the aggregator
estimates, and by how much the two differ in the mean over people and seeds.

{people}

Without the network adaptive overlap compares people only where an answer is in doubt, so that its estimates are biased; a second opinion
helps even then. With the network single answers are compared too.

Limits: one data set, one round, people whose mistakes do not depend on how hard a question is. Real people err together where a picture is
unclear, and then no number of opinions helps.
"""


def of(rows: Iterable[Row], **known: Any) -> list[Row]:
    return [row for row in rows if all(row[key] == value for key, value in known.items())]


def left(row: Row) -> float:
    return float(row["after"] / row["before"])


def table(rows: list[Row], budget: str, arms: list[str]) -> str:
    lines = [f"| {budget} in clicks | questions | " + " | ".join(CROWDS) + " |", "|---|---|" + "---|" * len(CROWDS)]
    for arm in arms:
        found = of(rows, budget=budget, arm=arm)
        cells = [
            plus_minus([left(row) for row in of(found, crowd=crowd)]) if of(found, crowd=crowd) else "-"
            for crowd in CROWDS
        ]
        asked = mean(row["questions"] for row in of(found, crowd="mixed")) if of(found, crowd="mixed") else 0
        lines.append(f"| overlap {arm} | {asked:,.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def people_table(rows: list[Row], budget: str, arms: list[str]) -> str:
    """True and estimated reliability of the mixed crowd's people, by arm."""
    names = ("ada", "ben", "cem", "dan")
    lines = [
        "| | " + " | ".join(names) + " | mean difference | true value in the 95 % interval |",
        "|---|" + "---|" * 6,
    ]

    def values(arm: str, what: Callable[[Row], Any]) -> list[list[Any]]:
        found = of(rows, budget=budget, arm=arm, crowd="mixed")
        by_name = [{person["who"]: person for person in row["people"]} for row in found]
        return [[what(people[name]) for people in by_name if name in people] for name in names]

    true = values(arms[0], lambda person: person["true"])
    lines.append("| true | " + " | ".join(f"{mean(each):.2f}" for each in true) + " | | |")
    for arm in arms:
        guessed = values(arm, lambda person: person["estimated"])
        differ = [
            abs(p["estimated"] - p["true"])
            for r in of(rows, budget=budget, arm=arm, crowd="mixed")
            for p in r["people"]
        ]
        inside = [
            p["low"] <= p["true"] <= p["high"]
            for r in of(rows, budget=budget, arm=arm, crowd="mixed")
            for p in r["people"]
        ]
        cells = " | ".join(f"{mean(each):.2f}" for each in guessed)
        lines.append(f"| overlap {arm} | {cells} | {mean(differ):.3f} | {sum(inside)} of {len(inside)} |")
    return "\n".join(lines)


def against_one(rows: list[Row], arm: str, crowd: str, budget: str) -> list[float]:
    """Wrong pixels left, over those left by one answer each; by seed."""
    one = {row["seed"]: left(row) for row in of(rows, arm=ONE, crowd=crowd, budget=budget)}
    return [left(row) / one[row["seed"]] for row in of(rows, arm=arm, crowd=crowd, budget=budget) if row["seed"] in one]


def reading(rows: list[Row], arms: list[str], budgets: list[str]) -> str:
    """Sentences from the numbers: in each crowd and budget the best arm against one answer each."""
    parts = []
    for crowd in CROWDS:
        for budget in budgets:
            ratios = {arm: against_one(rows, arm, crowd, budget) for arm in arms if arm != ONE}
            ratios = {arm: values for arm, values in ratios.items() if values}
            if not ratios:
                continue
            best = min(ratios, key=lambda arm: mean(ratios[arm]))
            worse = sum(mean(values) > 1 for values in ratios.values())
            parts.append(
                f"{crowd}, {budget}: overlap {best} leaves {mean(ratios[best]):.2f} times the wrong pixels that one answer each "
                f"leaves; {worse} of {len(ratios)} arms are worse than one answer each."
            )
    return "\n".join(f"* {part}" for part in parts)


def write_page(rows: list[Row]) -> None:
    """The page and the claims, from the rows that are there."""
    arms, budgets = list(dict.fromkeys(row["arm"] for row in rows)), list(dict.fromkeys(row["budget"] for row in rows))
    seeds, several = len({row["seed"] for row in rows}), [arm for arm in arms if arm != ONE]
    claims = []
    for crowd, wanted in (("mixed", True), ("careful", False)):
        for budget in budgets:
            for arm in (BEST, "3 majority"):
                values = against_one(rows, arm, crowd, budget)
                if values:
                    text = f"{crowd}, {budget}: wrong pixels left by overlap {arm}, over those left by one answer each"
                    target = "below 1 in every seed" if wanted else "at most 1.1"
                    holds = max(values) < 1 if wanted else mean(values) <= 1.1
                    claims.append(Claim(text, target, mean(values), len(values), spread(values), holds))
    page = PAGE.format(
        seeds=seeds, tables="\n\n".join(table(rows, budget, arms) for budget in budgets), reading=reading(rows, arms, budgets),
        people=people_table(rows, budgets[-1], several), budget=budgets[-1],
    )  # fmt: skip
    write("crowd_loop", claims, page)
