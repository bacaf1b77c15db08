"""The tables of the page of benchmarks/shifted.py: rounds of a set, networks, parts of the method, people who err, tries."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from benchmarks.claims import kept, plus_minus

Row = dict[str, Any]

NEW, SIM, ERRING = "segmend", "sim", "segmend_erring"
CHECKED = "segmend_erring_checked"  # three of the same people, who check each other
PARTS = {
    "corrected_random_0": "no question drawn at random",
    "corrected_random_5": "at most 5 % at random",
    "corrected_random_10": "at most 10 % at random",
    "corrected_steady": "a fifth at random in every round, also where labels are good",
    "corrected_unguarded": "guard: none (z 0)",
    "corrected_naive": "guard: chosen answers count like random ones",
    "corrected_network": "features: the network's probabilities",
    "corrected_colour": "features: none but colour",
    "corrected_by_gain": "selection: expected gain alone",
    "answered": "answered pixels weigh more in training",
}


def of(rows: Sequence[Row], data: str, arm: str) -> list[Row]:
    return [row for row in rows if (row["data"], row["arm"]) == (data, arm)]


def wrong(row: Row, number: int) -> float:
    """Wrong pixels of the labels after a round, in thousands; what asks nobody stays as it is."""
    return float(row["rounds"][min(number, len(row["rounds"]) - 1)]["wrong_pixels"]) / 1000


def pairs(rows: Sequence[Row], data: str, one: str, other: str) -> list[tuple[Row, Row]]:
    """The rows of two arms, by the seeds that both have."""
    first, second = ({row["seed"]: row for row in of(rows, data, arm)} for arm in (one, other))
    return [(first[seed], second[seed]) for seed in sorted(first.keys() & second.keys())]


def gains(rows: Sequence[Row], data: str, arm: str) -> list[float]:
    """Test mIoU of the last network less that of the network on the first labels, seed by seed."""
    return [row["rounds"][-1]["model_miou"] - row["rounds"][0]["model_miou"] for row in of(rows, data, arm)]


def shares_of_truth(rows: Sequence[Row], data: str, arm: str) -> list[float]:
    """Test mIoU of the last network over that of one trained on the truth, seed by seed."""
    both = pairs(rows, data, arm, "truth")
    return [end["rounds"][-1]["model_miou"] / true["rounds"][-1]["model_miou"] for end, true in both]


def kept_gains(rows: Sequence[Row], data: str, arm: str = ERRING) -> list[float]:
    """What people who err mend, as a share of what people who do not mend, after the last round, seed by seed."""
    return [
        (wrong(erring, 0) - wrong(erring, len(erring["rounds"]) - 1))
        / max(wrong(able, 0) - wrong(able, len(able["rounds"]) - 1), 1e-3)
        for erring, able in pairs(rows, data, arm, NEW)
    ]


def network_table(rows: Sequence[Row], data: Sequence[str]) -> str:
    """Test mIoU of networks on the first labels, after mending, on the truth: of the seeds of the new arm."""
    heads = ("set", "first labels", "segmend_before", SIM, NEW, f"{NEW} - first", "truth", f"{NEW} / truth", "seeds")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for name in data:
        if not (mine := of(rows, name, NEW)):
            continue
        seeds = {row["seed"] for row in mine}
        some = [row for row in rows if row["seed"] in seeds]
        parts = [[row["rounds"][0]["model_miou"] for row in mine]]
        parts += [
            [row["rounds"][-1]["model_miou"] for row in of(some, name, arm)] for arm in ("segmend_before", SIM, NEW)
        ]
        parts += [gains(mine, name, NEW), [row["rounds"][-1]["model_miou"] for row in of(some, name, "truth")]]
        cells = [plus_minus(values) if values else "-" for values in parts]
        shares = shares_of_truth(rows, name, NEW)
        cells.append(f"{plus_minus(shares, 2)}" if shares else "-")
        lines.append(f"| {name} | {' | '.join(cells)} | {len(seeds)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def parts_table(rows: Sequence[Row], data: Sequence[str]) -> str:
    """Of each arm with one part changed: wrong pixels at the end over those of the whole method."""
    lines = [f"| one part changed | {' | '.join(data)} |", "|---" * (len(data) + 1) + "|"]
    for arm, what in PARTS.items():
        cells = []
        for name in data:
            both = pairs(rows, name, arm, NEW)
            ratios = [
                wrong(one, len(one["rounds"]) - 1) / max(wrong(new, len(new["rounds"]) - 1), 1e-3) for one, new in both
            ]
            cells.append(f"{plus_minus(ratios, 2)} ({len(ratios)})" if ratios else "-")
        if any(cell != "-" for cell in cells):
            lines.append(f"| {what} (`{arm}`) | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def erring_table(rows: Sequence[Row], data: Sequence[str]) -> str:
    lines = [
        "| set | people | wrong after 10 %, no mistakes | with mistakes | share of the gain kept | seeds |",
        "|---" * 6 + "|",
    ]
    for name in data:
        for arm, what in ((ERRING, "one"), (CHECKED, "up to three")):
            if both := pairs(rows, name, arm, NEW):
                ends = [[wrong(pair[k], len(pair[k]["rounds"]) - 1) for pair in both] for k in (1, 0)]
                cells = [plus_minus(values, 1) for values in ends] + [plus_minus(kept_gains(rows, name, arm), 2)]
                lines.append(f"| {name} | {what} | {' | '.join(cells)} | {len(both)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def rounds_table(rows: Sequence[Row], data: str, arms: Sequence[str], rounds: int) -> str:
    heads = [
        *(f"{2 * k} %" for k in range(1, rounds + 1)),
        "data mIoU",
        "gap to truth",
        "to cells",
        "model mIoU",
        "unasked: fixed - broken",
    ]
    lines = [f"| arm | seeds | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for arm in arms:
        if not (some := of(rows, data, arm)):
            continue
        last = [row["rounds"][-1] for row in some]
        asked = len(some[0]["rounds"]) > 1
        cells = [plus_minus([wrong(row, k) for row in some], 1) if asked else "" for k in range(1, rounds + 1)]
        if not asked:
            cells[-1] = f"{plus_minus([wrong(row, 0) for row in some], 1)} (asks nobody)"
        cells.append(plus_minus([one["data_miou"] for one in last]))
        cells += [plus_minus(closed(some, ceiling), 2) if asked else "" for ceiling in (False, True)]
        cells.append(plus_minus([one["model_miou"] for one in last]))
        moved = [(one["auto_fixed"] or 0, one["auto_broken"] or 0) for one in last]
        cells.append(
            f"{mean(a for a, _ in moved):,.0f} - {mean(b for _, b in moved):,.0f}" if any(map(any, moved)) else ""
        )
        lines.append(f"| {arm} | {len(some)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def closed(rows: Sequence[Row], ceiling: bool) -> list[float]:
    """How much of the data mIoU that lacks at first is there at the end: up to 1, or up to the best that whole base cells allow."""
    ends = [(row["rounds"][0], row["rounds"][-1]) for row in rows]
    return [
        (end["data_miou"] - first["data_miou"])
        / max((end["ceiling_miou"] if ceiling else 1.0) - first["data_miou"], 1e-3)
        for first, end in ends
    ]


def first_labels(rows: Sequence[Row], data: str) -> str:
    """The first labels, of every seed that has a row."""
    starts = {
        row["seed"]: row["rounds"][0]
        for row in rows
        if row["data"] == data and (len(row["rounds"]) > 1 or row["arm"] == "given")
    }
    if not starts:
        return ""
    some = [starts[seed] for seed in sorted(starts)]
    return (
        f"First labels: {plus_minus([row['wrong_pixels'] / 1000 for row in some], 1)} wrong, data mIoU "
        f"{plus_minus([row['data_miou'] for row in some])}; the ceiling of the base cells is {plus_minus([row['ceiling_miou'] for row in some])}."
    )


def tries_tables() -> str:
    """What was measured before the settings were chosen: results/shifted_tries.jsonl."""
    some = kept("shifted_tries")
    guards = ["| guard | state | wrong before | after | fixed | broken |", "|---" * 6 + "|"]
    orders = [
        "| order of the next 2 % of cells | state | fixed by the answers | cells that hold a mistake |",
        "|---" * 4 + "|",
    ]
    whole = [
        "| the recipe, five rounds | set, seed 9 unless named | thousands of wrong pixels: first, 2 %, 4 %, 6 %, 8 %, 10 % |",
        "|---" * 3 + "|",
    ]
    for one in some:
        if one["kind"] == "guard":
            numbers = " | ".join(f"{one[key]:,}" for key in ("before", "after", "fixed", "broken"))
            guards.append(f"| {one['what']} | {one['state']} | {numbers} |")
        elif one["kind"] == "order":
            orders.append(f"| {one['what']} | {one['state']} | {one['fixed']:,} | {one['share']:.0%} |")
        else:
            numbers = ", ".join(f"{count / 1000:.1f}" for count in one["wrong"])
            whole.append(f"| {one['what']} | {one['state']} | {numbers} |")
    return "\n".join([*guards, "", *orders, "", *(whole if len(whole) > 2 else [])])
