"""Does the network gain from better labels? Learning rate, normalised gradients, length, batch norm, network, on three sets of labels.

    python -m benchmarks.headroom                                   every cell that has no row yet
    python -m benchmarks.headroom --data superalloy --networks unet
    python -m benchmarks.headroom --table                           only write the page from the rows that are there

Labels: the first ones (a network's, benchmarks/shifted_data.py), those that five rounds of the arm `segmend` of benchmarks.shifted mended, and
the truth; of each three seeds, for five initialisations. Settings are compared by mIoU on the true masks of the val split; the test split is
only reported. Facade and superalloy are read from ../shared/data beside the project, or from SEGMEND_BENCH_DATA.
"""

from shutil import copytree, rmtree
from time import process_time
from typing import Any

import torch
from filelock import FileLock

from benchmarks import headroom_page, shifted
from benchmarks.claims import arguments, kept
from benchmarks.rounds_in_process import WORK, Cell, enter, merged, take
from segmend.images.dataset import Dataset, Labels
from segmend.metrics.confusion import Confusion
from segmend.network.inference import Predictor
from tasks.train.engine.batch_norm import reestimate

DATA = ("superalloy", "brain", "facade", "nuclei")
LABELS = ("first", "mended", "truth")
RATES = (5e-3, 2e-3, 1e-3)
LONGER = 3  # times the epochs of benchmarks.shifted, as 36 over 12
NETWORKS: dict[str, dict[str, Any]] = {
    "unet": shifted.LEARN["network"],
    "lite0": {"name": "smp", "smp": {"encoder": "tu-efficientnet_lite0", "weights": "package"}},
}
LABEL_SEEDS = 3  # initialisation s learns from the labels of seed s % 3 of benchmarks.shifted


class HeadroomCell(Cell):
    """One training; what cells share are the three sets of labels."""

    def __init__(self, data: str, arm: str, seed: int):
        self.labels, network, rate, gradients, length = arm.split(" ")
        self.source = shifted.cell_of(data, "segmend", seed % LABEL_SEEDS)
        self.base = self.source.base / "headroom"
        change: dict[str, Any] = {
            "network": NETWORKS[network],
            "optimizer": {"name": "adamw", "adamw": {"lr": float(rate)}},
            "gradients": [{"name": "znorm"}] if gradients == "znorm" else [],
            "epochs": shifted.EPOCHS[data] * (LONGER if length == "long" else 1),
        }
        self.settings = merged(self.source.settings, {"train": change})
        self.seed, self.place = seed, WORK / f"headroom-{data}-{arm.replace(' ', '-')}-{seed}"

    def ready(self) -> None:
        enter()
        with FileLock(WORK / f"{self.source.base.name}.labels.lock"):
            self.source.ready()
            if not (self.base / self.labels).exists():
                self.make_labels()
        self.fixed = {"dataset": self.source.base / "dataset", "truth": self.source.base / "truth"}

    def make_labels(self) -> None:
        half = self.base / f"{self.labels}.half"
        rmtree(half, ignore_errors=True)
        if self.labels == "mended":
            self.source.rounds(len(shifted.BUDGETS), shifted.BUDGETS)
            copytree(self.source.place / f"labels/r{len(shifted.BUDGETS)}", half)
            self.source.remove()
        else:
            copytree(self.source.start / "labels/r0", half)
        if self.labels == "truth":
            data, labels = Dataset(self.source.fixed["dataset"], self.source.fixed["truth"]), Labels(half)
            for sample in data.of("train", "val"):
                truth = data.truth(sample.id)
                assert truth is not None
                labels.write(sample.id, truth, data.card)
        half.rename(self.base / self.labels)

    def measure(self) -> dict[str, Any]:
        rmtree(self.place, ignore_errors=True)
        model = self.place / "model"
        self.run(
            "train", dataset=self.fixed["dataset"], labels=self.base / self.labels, out=model,
            out_curves=self.place / "curves.csv",
        )  # fmt: skip
        data, predictor = Dataset(self.fixed["dataset"], self.fixed["truth"]), Predictor(model)
        running = scores(predictor, data)
        reestimate(predictor.network, data, list(data.of("train")), torch.autocast("cpu", enabled=False))
        return {"running": running, "reestimated": scores(predictor, data)}


def scores(predictor: Predictor, data: Dataset) -> dict[str, float]:
    """mIoU on the true masks of the val and of the test split."""
    made = {}
    for split in ("val", "test"):
        confusion = Confusion(len(data.classes))
        for sample in data.of(split):
            truth = data.truth(sample.id)
            assert truth is not None
            confusion.update(truth, predictor(data.image(sample.id)).argmax(axis=0).astype("uint8"))
        made[split] = round(confusion.miou(), 4)
    return made


def cell_of(data: str, arm: str, seed: int) -> HeadroomCell:
    return HeadroomCell(data, arm, seed)


def measure(data: str, arm: str, seed: int) -> dict[str, Any]:
    cell, begin = cell_of(data, arm, seed), process_time()
    cell.ready()
    try:
        return {**cell.measure(), "cpu_seconds": round(process_time() - begin, 1)}
    finally:
        cell.remove()


def arms(network: str) -> list[str]:
    """Labels, network, rate, gradients, length."""
    return [
        f"{labels} {network} {rate:g} {gradients} {length}"
        for length in ("short", "long")
        for gradients in ("znorm", "plain")
        for rate in RATES
        for labels in LABELS
    ]


def main() -> None:
    chosen = arguments(
        "headroom",
        __doc__,
        data={"nargs": "+", "default": list(DATA)},
        networks={"nargs": "+", "default": list(NETWORKS)},
        seeds={"nargs": "+", "type": int, "default": [0, 1, 2, 3, 4]},
        lengths={"nargs": "+", "default": ["short", "long"]},
        rates={"nargs": "+", "type": float, "default": list(RATES)},
        labels={"nargs": "+", "default": list(LABELS)},
        table={"action": "store_true"},
    )
    wanted = [
        {"data": data, "arm": arm, "seed": seed}
        for network in chosen.networks
        for seed in chosen.seeds
        for data in chosen.data
        for arm in arms(network)
        if arm.split(" ")[0] in chosen.labels and float(arm.split(" ")[2]) in chosen.rates
        if arm.split(" ")[-1] in chosen.lengths
    ]
    if not chosen.table:
        take("headroom", wanted, lambda: kept("headroom"), cell_of, measure)
    headroom_page.write_page(kept("headroom"), DATA)


if __name__ == "__main__":
    main()
