"""Does training in spite of bad labels pay? Every method against plain cross entropy, by kind and level of mistakes.

    python -m benchmarks.noise --screen               every arm once, at hard noise: which five are worth more seeds
    python -m benchmarks.noise --arms cross_entropy dice elr --seeds 0 1 2
    python -m benchmarks.noise --long --seeds 0       a few arms five times as long, wrong objects, hard noise
    python -m benchmarks.noise --table                only write the page from the rows that are there

Data: the brain, ../shared/data/superalloy and 80 train images of nuclei (or from SEGMEND_BENCH_DATA), with planted mistakes of
two kinds. Rows are kept one a training; several of these may run side by side. Arms are chosen on the truth of the val split,
which planting keeps, with seed 0; the test split is only reported.
"""

from argparse import Namespace
from shutil import rmtree
from time import monotonic
from typing import Any

import torch
from filelock import FileLock

from benchmarks.claims import arguments, kept
from benchmarks.noise_arms import ARMS, LONG, LONG_DATA, LONGER, PLAIN
from benchmarks.noise_page import KINDS, LEVELS, Row, report, usual
from benchmarks.rounds_in_process import DATA, QUIET, STAGES, WORK, departed_from, enter, merged, raw, take
from segmend.answers import answers
from segmend.images.dataset import Dataset, Labels
from segmend.metrics.confusion import Confusion
from segmend.network.segmenter import AnySize, normalise
from segmend.stage.params import validated
from segmend.training.checkpoints import Checkpoints
from segmend.training.determinism import reproducible
from tasks.train.engine.label_statistics import label_statistics
from tasks.train.engine.loop import train
from tasks.train.settings import Params


class Cell:
    """A data set with planted mistakes; its labels are the given masks as they are."""

    def __init__(self, data: str, kind: str, level: str, arm: str, seed: int, epochs: int):
        self.data, self.kind, self.level, self.seed = data, kind, level, seed
        self.base = WORK / f"noise-{data}-{kind}-{level}-{seed}"

    def ready(self) -> None:
        enter()
        with FileLock(f"{self.base}.lock"):
            if (self.base / "done").exists():
                return
            rmtree(self.base, ignore_errors=True)
            params = departed_from()["ingest"]
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


def measure(data: str, kind: str, level: str, arm: str, seed: int, epochs: int) -> Row:
    cell = Cell(data, kind, level, arm, seed, epochs)
    params = departed_from()["train"]
    # As many looks at the val split in a long training as in a short one.
    watched = {"use": "best", "validate_every": max(1, 2 * epochs // usual(data)), "watch": 0, "epochs": epochs}
    settings = validated(
        Params, merged(params, PLAIN, DATA[data]["train"], QUIET["train"], watched, ARMS[arm]), "train"
    )
    dataset, labels = Dataset(cell.base / "dataset", cell.base / "truth"), Labels(cell.base / "labels")
    statistics = label_statistics(dataset, labels, settings.loss.partial, settings.selection.wants_trust)
    key = [settings.model_dump_json().encode(), str(seed).encode(), statistics.digest]
    checkpoints = Checkpoints(key)
    begin = monotonic()
    with reproducible():
        state = train(settings, seed, dataset, labels, statistics, None, checkpoints)
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
        "iou": [round(value, 4) for value in final.iou().tolist()],
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


def wanted(chosen: Namespace) -> list[dict[str, Any]]:
    return [
        {
            "data": data,
            "kind": kind,
            "level": level,
            "arm": arm,
            "seed": seed,
            "epochs": usual(data) * (LONGER if chosen.long else 1),
        }
        for seed in chosen.seeds
        for level in chosen.levels
        for arm in chosen.arms
        for kind in (["objects"] if chosen.long else KINDS)
        for data in chosen.data
    ]


def called(cell: dict[str, Any]) -> str:
    """The name of a cell's lock."""
    long = ["long"] * (cell["epochs"] > usual(cell["data"]))
    return "-".join(("noise", cell["kind"], cell["level"], cell["arm"], *long))


def main() -> None:
    chosen = arguments(
        "noise",
        __doc__,
        data={"nargs": "+", "default": list(DATA), "choices": list(DATA)},
        levels={"nargs": "+", "default": list(LEVELS), "choices": LEVELS},
        arms={"nargs": "+", "default": list(ARMS), "choices": list(ARMS)},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2]},
        screen={"action": "store_true", "help": "seed 0 and hard noise"},
        long={
            "action": "store_true",
            "help": f"{', '.join(LONG)}, {LONGER} times as long, on wrong objects, hard noise",
        },
        table={"action": "store_true"},
    )
    if chosen.screen:
        chosen.seeds, chosen.levels = [0], ["hard"]
    if chosen.long:
        chosen.levels = ["hard"]
        chosen.arms = [arm for arm in chosen.arms if arm in LONG]
        chosen.data = [data for data in chosen.data if data in LONG_DATA]
    if not chosen.table:
        take("noise", wanted(chosen), rows_so_far, Cell, measure, called)
    report(rows_so_far())


if __name__ == "__main__":
    main()
