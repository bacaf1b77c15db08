"""The table of README.md: what is left wrong after 10 % of clicks, on planted mistakes and on those that networks make."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.claims import plus_minus

Row = dict[str, Any]

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks.shifted --table writes this -->", "<!-- /benchmarks.shifted -->"
FREE = ("free_argmax", "free_threshold")
ASKING = (("sim", "`sim`"), ("segmend_before", "`-e segmend`"), ("segmend", "the default"))
WHAT = {
    "planted": "brain, planted mistakes",
    "brain": "brain, a network trained on blurred slices",
    "nuclei": "nuclei, a network trained on blurred images",
    "superalloy": "superalloy, a network trained on another alloy",
    "facade": "facades, a network trained on Cityscapes",
}


def headline(rows: Sequence[Row]) -> str:
    """Wrong pixels at the end in percent of those of the first labels; only seeds that every asking arm has."""
    heads = ["labels", "nobody asked", *(name for _, name in ASKING), "seeds"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for data, what in WHAT.items():
        left = {
            (row["arm"], row["seed"]): row["rounds"][-1]["wrong_pixels"] / row["rounds"][0]["wrong_pixels"]
            for row in rows
            if row["data"] == data and len(row["rounds"]) > 1
        }
        first = {
            row["seed"]: row["rounds"][0]["wrong_pixels"]
            for row in rows
            if row["data"] == data and len(row["rounds"]) > 1
        }
        seeds = [seed for seed in sorted(first) if all((arm, seed) in left for arm, _ in ASKING)]
        if not seeds:
            continue
        free = [
            [row["rounds"][-1]["wrong_pixels"] / first[row["seed"]] for row in rows if is_free(row, data, arm, seeds)]
            for arm in FREE
        ]
        best = min((values for values in free if len(values) == len(seeds)), key=mean, default=None)
        cells = ["-" if best is None else percent(best)]
        cells += [percent([left[arm, seed] for seed in seeds]) for arm, _ in ASKING]
        lines.append(f"| {what} | {' | '.join(cells)} | {len(seeds)} |")
    return "\n".join(lines)


def percent(values: list[float]) -> str:
    """Mean and standard deviation over the seeds, in percent."""
    return f"{plus_minus([100 * value for value in values], 0)} %"


def is_free(row: Row, data: str, arm: str, seeds: Sequence[int]) -> bool:
    return (row["data"], row["arm"]) == (data, arm) and row["seed"] in seeds


def with_headline(text: str, rows: Sequence[Row]) -> str:
    """README.md with the table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{headline(rows)}\n\n{END}{rest.partition(END)[2]}"
