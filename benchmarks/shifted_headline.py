"""The table of README.md: what is left wrong after 10 % of clicks, on planted mistakes and on those that networks make."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

Row = dict[str, Any]

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks.shifted --table writes this -->", "<!-- /benchmarks.shifted -->"
FREE = ("free_argmax", "free_threshold")
ASKING = (("sim", "`sim`"), ("segmend_before", "the default"), ("segmend", "`segmend_corrected`"))
WHAT = {
    "planted": "brain, planted mistakes",
    "brain": "brain, a network trained on blurred slices",
    "nuclei": "nuclei, a network trained on blurred images",
    "superalloy": "superalloy, a network trained on another alloy",
    "facade": "facades, a network trained on Cityscapes",
}


def headline(rows: Sequence[Row]) -> str:
    """Mean wrong pixels at the end in percent of those of the first labels; only seeds that every asking arm has."""
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
        best = min((mean(values) for values in free if len(values) == len(seeds)), default=None)
        cells = ["-" if best is None else f"{best:.0%}"]
        cells += [f"{mean(left[arm, seed] for seed in seeds):.0%}" for arm, _ in ASKING]
        lines.append(f"| {what} | {' | '.join(cells)} | {len(seeds)} |")
    return "\n".join(lines)


def is_free(row: Row, data: str, arm: str, seeds: Sequence[int]) -> bool:
    return (row["data"], row["arm"]) == (data, arm) and row["seed"] in seeds


def with_headline(text: str, rows: Sequence[Row]) -> str:
    """README.md with the table between its two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{headline(rows)}\n\n{END}{rest.partition(END)[2]}"
