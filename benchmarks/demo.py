"""What does `make run` show? The demonstration beside the one before it, an averaged brain with planted mistakes.

    python -m benchmarks.demo                    labels and networks of both, three seeds
    python -m benchmarks.demo --time 2           also run both cold in clones of the project, in turns, twice
    python -m benchmarks.demo --table            only write the page from the rows that are there

Settings are those that are shipped: params.yaml, and experiments/brain.yaml on top of it. Several of these may run side by side.
"""

import sys
from json import dumps
from os import environ
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from shutil import rmtree
from statistics import mean
from subprocess import DEVNULL, run
from tempfile import gettempdir
from time import monotonic, process_time
from typing import Any

from ruamel.yaml import YAML

from benchmarks.claims import RESULTS, Claim, arguments, kept, plus_minus, spread, write
from benchmarks.effect import RULE, SEEDS, direction
from benchmarks.rounds_in_process import ROOT, Cell, experiment, merged, take
from benchmarks.shifted import free

NEW, OLD = "superalloy-demo", "brain"
KEEP = ("clicks", "queries", "data_miou", "wrong_pixels", "model_miou", "auto_fixed", "auto_broken", "asked_at_random")
CLONES = Path(gettempdir()) / "segmend-benchmark-demo"

PAGE = """# What `make run` shows

`python -m benchmarks.demo --time 1`: the two demonstrations with the settings as shipped, the stages called one after the other on one thread;
mean ± standard deviation over three seeds. `{new}` (params.yaml) is 24 micrographs of superalloys whose labels another network made,
which was trained on other alloys (data/raw/{new}/README.md); `{old}` (`segmend run -e brain`) is 70 slices of an averaged brain
with planted medium mistakes. The labels of `{new}` are the same for every seed, the planted mistakes are not. Wrong pixels and data mIoU are those of the
train split's labels, the network is scored on the test split, whose labels are true. Answers are simulated from the truth.

{rounds}

{networks}

{times}

**The decision.** A demonstration is to show what a user can expect: labels that a network made, wrong where a network is wrong; few
questions; labels and a network that get better. On `{new}` the labels lose most of their mistakes with a few hundred questions and the network
gains as much as the true labels would give it; on `{old}` the labels gain, by eight times as many questions, and the network does not, since
planted mistakes hardly harm it. So `{new}` is what `make run` shows, and `{old}` is an experiment.

What `{new}` is was chosen with seed 0, by the wrong pixels that are left in the train labels, the network on the true labels of val, and the time. (Test figures
were printed beside these and did not decide.)

| tried, two rounds | questions | wrong pixels left, % of the first | mIoU on val, true labels | seconds of the processor |
|---|---|---|---|---|
| 40 train tiles, 300 superpixels, 3 % a round, last epoch | 688 | 15 | .797 | 84 |
| the same, the best epoch by the given val labels | 688 | 18 | .794 | 84 |
| 24 train tiles, 300 superpixels, 3 % a round | 414 | 40 | .780 | 53 |
| 24 train tiles, 600 superpixels, 1.5 % a round | 480 | 50 | .591 | 54 |
| 24 train tiles, 300 superpixels, 4 % a round: **taken** | 550 | 20 | .752 | 53 |
| the brain as it was, 6 % a round | 4,692 | 15 | .903 | 72 |

{rule}
"""


def shipped(data: str) -> dict[str, Any]:
    """The sections of the stages as `segmend run` has them, and the chain of rounds."""
    params: dict[str, Any] = dict(YAML(typ="safe").load(ROOT / "params.yaml"))
    return params if data == NEW else merged(params, experiment("brain"))


class Demonstration(Cell):
    """All settings are those that are shipped; the raw data are the project's."""

    table = {NEW: {}, OLD: {}}

    def raw(self) -> Path:
        return ROOT / "data/raw" / self.data


def cell_of(data: str, arm: str, seed: int) -> Demonstration:
    return Demonstration(data, seed, f"demo-{arm}", shipped(data))


def measure(data: str, arm: str, seed: int) -> dict[str, Any]:
    """Arm `rounds`: a row a round; `truth`: the network that the true labels teach."""
    cell, begin = cell_of(data, arm, seed), process_time()
    try:
        if arm == "truth":
            made = free(cell, arm)
        else:
            budgets = [link["budget"] for link in shipped(data)["rounds"].values()]
            made = cell.rounds(len(budgets), budgets)
        rows = [{key: row.get(key) for key in KEEP} for row in made]
    finally:
        cell.remove()
    return {"rounds": rows, "cpu_seconds": round(process_time() - begin, 1)}


def timed(repetition: int) -> list[dict[str, Any]]:
    """Both demonstrations, cold, each in a clone of its own: seconds of the clock, and of the processor in all processes of the run."""
    rows = []
    for data in (NEW, OLD) if repetition % 2 == 0 else (OLD, NEW):
        place = CLONES / data
        rmtree(place, ignore_errors=True)
        run(["git", "clone", "--quiet", str(ROOT), str(place)], check=True)
        python = {**environ, "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}"}
        words = [sys.executable, "-m", "flows.cli", "run", *(("-e", "brain") if data == OLD else ())]
        before, begin = getrusage(RUSAGE_CHILDREN), monotonic()
        run(words, cwd=place, env=python, stdout=DEVNULL, check=True)
        seconds, after = monotonic() - begin, getrusage(RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rows.append(
            {"data": data, "arm": "time", "repetition": repetition, "wall": round(seconds, 1), "cpu": round(cpu, 1)}
        )
        rmtree(place)
    return rows


Rows = list[dict[str, Any]]


def of(rows: Rows, data: str, arm: str) -> Rows:
    return [row for row in rows if (row["data"], row["arm"]) == (data, arm)]


def thousands(values: list[float]) -> str:
    return plus_minus([value / 1000 for value in values], 1)


def rounds_table(rows: Rows) -> str:
    lines = [
        "| data | after round | questions | wrong pixels, thousands | data mIoU | test mIoU |",
        "|---|---|---|---|---|---|",
    ]
    for data in (NEW, OLD):
        runs = [row["rounds"] for row in of(rows, data, "rounds")]
        for k, same in enumerate(zip(*runs, strict=True)):
            each = {key: [row[key] for row in same] for key in ("queries", "wrong_pixels", "data_miou", "model_miou")}
            lines.append(
                f"| {data} | {k} | {mean(each['queries']):.0f} | {thousands(each['wrong_pixels'])} | {plus_minus(each['data_miou'])} "
                f"| {plus_minus(each['model_miou'])} |"
            )
    return "\n".join(lines)


def gains(rows: Rows, data: str) -> tuple[list[float], list[float]]:
    """Test mIoU less that of the network on the first labels, seed by seed: after the rounds, and on the true labels."""
    truth = {row["seed"]: row["rounds"][0]["model_miou"] for row in of(rows, data, "truth")}
    runs = [row for row in of(rows, data, "rounds") if row["seed"] in truth]
    first = [row["rounds"][0]["model_miou"] for row in runs]
    mended = [row["rounds"][-1]["model_miou"] - start for row, start in zip(runs, first, strict=True)]
    return mended, [truth[row["seed"]] - start for row, start in zip(runs, first, strict=True)]


def networks_table(rows: Rows) -> str:
    lines = [
        "| test mIoU of the network trained on | first labels | mended labels | the truth | mended - first |",
        "|---|---|---|---|---|",
    ]
    for data in (NEW, OLD):
        runs, truth = of(rows, data, "rounds"), of(rows, data, "truth")
        if not runs or not truth:
            continue
        first, last = ([row["rounds"][k]["model_miou"] for row in runs] for k in (0, -1))
        best, gained = [row["rounds"][0]["model_miou"] for row in truth], gains(rows, data)[0]
        effect = {1: "an effect", 0: "no effect shown", -1: "a loss"}[direction(gained)]
        lines.append(
            f"| {data} | {plus_minus(first)} | {plus_minus(last)} | {plus_minus(best)} | {plus_minus(gained)}, {effect} |"
        )
    return "\n".join(lines)


def times_table(rows: Rows) -> str:
    lines = [
        "| `make run`, cold, beside other work on two cores | seconds of the processor | seconds of the clock |",
        "|---|---|---|",
    ]
    for data in (NEW, OLD):
        if some := of(rows, data, "time"):
            lines.append(
                f"| {data} | {plus_minus([r['cpu'] for r in some], 0)} | {plus_minus([r['wall'] for r in some], 0)} |"
            )
    return "\n".join(lines)


def claims(rows: Rows) -> list[Claim]:
    runs = of(rows, NEW, "rounds")
    if not runs:
        return []
    left = [row["rounds"][-1]["wrong_pixels"] / row["rounds"][0]["wrong_pixels"] for row in runs]
    made = [
        Claim(
            f"{NEW}: wrong pixels after two rounds over those of the first labels",
            "at most 0.5",
            mean(left),
            len(left),
            spread(left),
            len(left) >= SEEDS and max(left) <= 0.5,
        )
    ]
    gained, room = gains(rows, NEW)
    if gained:
        made.append(
            Claim(
                f"{NEW}: test mIoU on mended labels less that on the first labels",
                "an effect",
                mean(gained),
                len(gained),
                spread(gained),
                direction(gained) == 1,
            )
        )
        shares = [gain / whole for gain, whole in zip(gained, room, strict=True)]
        made.append(
            Claim(
                f"{NEW}: of the gain that the true labels bring, the mended ones bring",
                "at least 0.9",
                mean(shares),
                len(shares),
                spread(shares),
                len(shares) >= SEEDS and mean(shares) >= 0.9,
            )
        )
    times = [[row["cpu"] for row in of(rows, data, "time")] for data in (NEW, OLD)]
    if all(times):
        ratios = [new / old for new, old in zip(*times, strict=True)]
        made.append(
            Claim(
                f"processor seconds of `make run`, {NEW} over {OLD}",
                "below 1",
                mean(ratios),
                len(ratios),
                spread(ratios),
                max(ratios) < 1,
            )
        )
    return made


def report() -> None:
    rows = kept("demo")
    page = PAGE.format(
        new=NEW, old=OLD, rounds=rounds_table(rows), networks=networks_table(rows), times=times_table(rows), rule=RULE
    )
    write("demo", claims(rows), page)


def main() -> None:
    chosen = arguments(
        "demo",
        __doc__,
        data={"nargs": "+", "default": [NEW, OLD]},
        arms={"nargs": "+", "default": ["rounds", "truth"]},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2]},
        time={"type": int, "default": 0, "metavar": "TIMES"},
        table={"action": "store_true"},
    )
    if not chosen.table:
        wanted = [{"data": d, "arm": a, "seed": s} for s in chosen.seeds for a in chosen.arms for d in chosen.data]
        take("demo", wanted, lambda: kept("demo"), cell_of, measure, lambda cell: f"demo-{cell['arm']}")
        for repetition in range(len(of(kept("demo"), NEW, "time")), chosen.time):
            rows = timed(repetition)
            with (RESULTS / "demo.jsonl").open("a") as file:
                file.writelines(dumps(row) + "\n" for row in rows)
    report()


if __name__ == "__main__":
    main()
