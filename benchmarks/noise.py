"""Does training in spite of bad labels pay? Every method against plain cross entropy, by kind and level of mistakes.

    python -m benchmarks.noise --screen               every arm once, at hard noise: which five are worth more seeds
    python -m benchmarks.noise --arms cross_entropy dice elr --seeds 0 1 2
    python -m benchmarks.noise --table                only write the page from the rows that are there

Data: the brain, ../shared/data/superalloy and 80 train images of nuclei (or from SEGMEND_BENCH_DATA), with planted mistakes of
two kinds. Rows are kept one a training; several of these may run side by side. Arms are chosen on the truth of the val split,
which planting keeps, with seed 0; the test split is only reported.
"""

from argparse import Namespace
from pathlib import Path
from shutil import rmtree
from statistics import mean
from time import monotonic
from typing import Any

import torch
from filelock import FileLock
from ruamel.yaml import YAML

from benchmarks.claims import Claim, arguments, kept, plus_minus, spread, write
from benchmarks.noise_arms import ARMS, PLAIN
from benchmarks.rounds_in_process import DATA, QUIET, ROOT, STAGES, WORK, enter, merged, raw, take
from tasks import answers
from tasks.confusion import Confusion
from tasks.dataset import Dataset, Labels
from tasks.network import AnySize, normalise
from tasks.params import validated
from tasks.train.census import census
from tasks.train.checkpoints import Checkpoints
from tasks.train.loop import train
from tasks.train.processes import Alone
from tasks.train.reproducible import reproducible
from tasks.train.settings import Params

SOLID = {"swapped": 0.4, "blobs": 0.3, "dropped": 0.15, "invented": 0.15, "border": 0.0}
KINDS = {"objects": SOLID, "border": {**dict.fromkeys(SOLID, 0.0), "border": 1.0}}
LEVELS = ("easy", "medium", "hard")
BASELINE, OURS = "cross_entropy", "dice"  # ours: what params.yaml ships
Row = dict[str, Any]


class Cell:
    """A data set with planted mistakes; its labels are the given masks as they are."""

    def __init__(self, data: str, kind: str, level: str, arm: str, seed: int):
        self.data, self.kind, self.level, self.seed = data, kind, level, seed
        self.base = WORK / f"noise-{data}-{kind}-{level}-{seed}"

    def ready(self) -> None:
        enter()
        with FileLock(f"{self.base}.lock"):
            if (self.base / "done").exists():
                return
            rmtree(self.base, ignore_errors=True)
            params = YAML(typ="safe").load(ROOT / "params.yaml")["ingest"]
            noise = {"noise": {"level": self.level, "mix": KINDS[self.kind]}}
            command = STAGES["ingest"].stage
            settings = validated(
                command.__annotations__["settings"], merged(params, DATA[self.data]["ingest"], noise), "ingest"
            )
            command(settings, self.seed, raw=raw(self.data), out=self.base / "dataset", out_truth=self.base / "truth")
            dataset, labels = Dataset(self.base / "dataset"), Labels(self.base / "labels")
            for sample in dataset.of("train", "val"):
                labels.write(sample.id, dataset.mask(sample.id), dataset.card)
            answers.write(labels.folder / "answers.jsonl", [])
            (self.base / "done").touch()


def measure(data: str, kind: str, level: str, arm: str, seed: int) -> Row:
    cell = Cell(data, kind, level, arm, seed)
    params = YAML(typ="safe").load(ROOT / "params.yaml")["train"]
    watched = {"use": "best", "validate_every": 2, "watch": 0}
    settings = validated(
        Params, merged(params, PLAIN, DATA[data]["train"], QUIET["train"], watched, ARMS[arm]), "train"
    )
    dataset, labels = Dataset(cell.base / "dataset", cell.base / "truth"), Labels(cell.base / "labels")
    found = census(dataset, labels, settings.loss.partial, settings.selection.wants_trust)
    key = [settings.model_dump_json().encode(), str(seed).encode(), found.digest]
    checkpoints = Checkpoints(key)
    begin = monotonic()
    with reproducible():
        state = train(Alone(), settings, seed, dataset, labels, found, checkpoints)
    seconds = monotonic() - begin
    checkpoints.remove()
    final = scores(state.shown, dataset, "test")
    chosen_by = scores(state.shown, dataset, "val")
    state.shown.load_state_dict(state.best["network"])
    return {
        "final": final.miou(),
        "best": scores(state.shown, dataset, "test").miou(),
        "val": chosen_by.miou(),
        "best_epoch": state.best["epoch"],
        "epochs": settings.epochs,
        "iou": [round(one, 4) for one in final.iou().tolist()],
        "data_miou": of_labels(dataset, labels).miou(),
        "seconds": round(seconds, 1),
    }


@torch.inference_mode()
def scores(network: AnySize, dataset: Dataset, split: str) -> Confusion:
    """Against the truth of a split."""
    network.eval()
    confusion = Confusion(len(dataset.classes))
    for sample in dataset.of(split):
        image = torch.from_numpy(dataset.image(sample.id)).permute(2, 0, 1)[None]
        confusion.update(dataset.truth(sample.id), network(normalise(image, dataset.card))[0].argmax(0).byte().numpy())
    return confusion


def of_labels(dataset: Dataset, labels: Labels) -> Confusion:
    confusion = Confusion(len(dataset.classes))
    for sample in dataset.of("train"):
        confusion.update(dataset.truth(sample.id), labels[sample.id])
    return confusion


def rows_so_far() -> list[Row]:
    return kept("noise")


def settings_of(row: Row) -> tuple[str, str, str]:
    return row["data"], row["kind"], row["level"]


def ranking(rows: list[Row]) -> list[tuple[str, float]]:
    """Arms from best to worst: the mean gain over cross entropy on the truth of the val split, seed 0, hard noise."""
    first = [row for row in rows if row["seed"] == 0 and row["level"] == "hard"]
    places = sorted({settings_of(row) for row in first})
    found = {arm: [gains(first, arm, place, "val") for place in places] for arm in ARMS if arm != BASELINE}
    whole = {arm: mean(one for part in parts for one in part) for arm, parts in found.items() if all(parts)}
    return sorted(whole.items(), key=lambda item: -item[1])


def gains(rows: list[Row], arm: str, place: tuple[str, str, str], score: str = "final") -> list[float]:
    """Arm minus plain cross entropy, seed by seed."""
    of = {
        one: {row["seed"]: row[score] for row in rows if row["arm"] == one and settings_of(row) == place}
        for one in (arm, BASELINE)
    }
    return [of[arm][seed] - of[BASELINE][seed] for seed in sorted(of[arm].keys() & of[BASELINE].keys())]


def verdict(values: list[float]) -> str:
    if len(values) < 2:
        return ""
    wide = spread(values) or 0.0
    return " +" if mean(values) > wide else " -" if mean(values) < -wide else " ="


def table(rows: list[Row], places: list[tuple[str, str, str]], arms: list[str], score: str) -> str:
    """A line an arm: cross entropy's own mIoU, then the differences to it."""
    head = "| arm | " + " | ".join(f"{d}, {k}, {v}" for d, k, v in places) + " | mean |\n|" + "---|" * (len(places) + 2)
    lines = []
    for arm in arms:
        shown, every = [], []
        for place in places:
            if arm == BASELINE:
                values = [row[score] for row in rows if row["arm"] == arm and settings_of(row) == place]
                shown.append(plus_minus(values) if values else "")
            else:
                values = gains(rows, arm, place, score)
                shown.append(
                    f"{'+' if mean(values) >= 0 else ''}{plus_minus(values)}{verdict(values)}" if values else ""
                )
            every += [mean(values)] if values else []
        if every:
            lines.append(f"| {arm} | {' | '.join(shown)} | {mean(every):.3f} |")
    return "\n".join([head, *lines])


PAGE = """# Does training in spite of bad labels pay?

`python -m benchmarks.noise --screen`, then with `--arms` and `--seeds 0 1 2` for some: networks and lengths of params.yaml (about
200 steps each), planted mistakes in train and val of two kinds (`objects`: pieces swapped, blobs, dropped, invented; `border`: borders moved) and
three levels (5, 15 and 30 % of the pixels that are not of the largest class). Model mIoU on the clean test split; {hours:.1f}
hours of trainings on one core each. Arms were chosen on the true labels of the val split with seed 0 at hard noise (planting keeps them; no
training sees them); the best five by it, and the baseline, have three seeds. Under cross entropy its own mIoU stands, under the others the difference to it, seed by seed: mean ± standard
deviation; + and - where the mean is beyond the spread, = where it is within. `final`: the last weights; `best`: those that follow the val split's
given (bad) labels best.

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

{reading}
"""
READING = Path(__file__).parent / "results/noise_reading.md"


def claims(rows: list[Row]) -> list[Claim]:
    found = []
    for place in sorted({settings_of(row) for row in rows}):
        values = gains(rows, OURS, place)
        if len(values) < 3:
            continue
        wide, hard = spread(values) or 0.0, place[2] != "easy"
        holds = mean(values) > wide if hard else mean(values) >= -wide
        target = "above the spread" if hard else "not below 0 beyond the spread"
        text = f"{', '.join(place)}: final mIoU of the default recipe less that of plain cross entropy"
        found.append(Claim(text, target, mean(values), len(values), wide, holds))
    return found


def report() -> None:
    rows = rows_so_far()
    order = {name: k for k, name in enumerate([*DATA, *KINDS, *LEVELS])}
    places = sorted({settings_of(row) for row in rows}, key=lambda p: [order[part] for part in p])
    seeds = {arm: {row["seed"] for row in rows if row["arm"] == arm} for arm in ARMS}
    confirmed = [arm for arm in ARMS if len(seeds[arm]) > 1]
    first = [row for row in rows if row["seed"] == 0 and row["level"] == "hard"]
    hard = [place for place in places if place[2] == "hard"]
    page = PAGE.format(
        hours=sum(row["seconds"] for row in rows) / 3600,
        final=table(rows, places, confirmed, "final"),
        best=table(rows, places, confirmed, "best"),
        chosen=table(first, hard, list(ARMS), "val"),
        order=", ".join(f"{arm} {gain:+.3f}" for arm, gain in ranking(rows)),
        screened=table(first, hard, list(ARMS), "final"),
        reading=READING.read_text() if READING.is_file() else "",
    )
    write("noise", claims(rows), page)


def wanted(chosen: Namespace) -> list[dict[str, Any]]:
    return [
        {"data": data, "kind": kind, "level": level, "arm": arm, "seed": seed}
        for seed in chosen.seeds
        for level in chosen.levels
        for arm in chosen.arms
        for kind in KINDS
        for data in chosen.data
    ]


def main() -> None:
    chosen = arguments(
        "noise",
        __doc__,
        data={"nargs": "+", "default": list(DATA), "choices": list(DATA)},
        levels={"nargs": "+", "default": list(LEVELS), "choices": LEVELS},
        arms={"nargs": "+", "default": list(ARMS), "choices": list(ARMS)},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2]},
        screen={"action": "store_true", "help": "seed 0 and hard noise"},
        table={"action": "store_true"},
    )
    if chosen.screen:
        chosen.seeds, chosen.levels = [0], ["hard"]
    if not chosen.table:
        name = lambda cell: "-".join(("noise", cell["kind"], cell["level"], cell["arm"]))  # noqa: E731
        take("noise", wanted(chosen), rows_so_far, Cell, measure, name)
    report()


if __name__ == "__main__":
    main()
