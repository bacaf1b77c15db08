"""Labels corrected during training: always from the original labels and the current predictions, never from a correction.

Each correction is written as label maps to <folder>/labels-<epoch>, beside the checkpoint. The state (curves, classes
that are on, the newest folder) is in the checkpoint, which is written right after a correction; older folders go only then. So
a training killed in between makes the same maps again.

A correction (tasks/train/corrections) decides after each epoch whether to correct (`due`), predicts images (`probabilities`),
and corrects one label map (`correct`).
"""

from pathlib import Path
from shutil import copytree, rmtree
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED
from segmend.metrics.confusion import metric_names
from segmend.network.inference import grouped
from segmend.network.segmenter import AnySize, normalise
from segmend.stage import events
from tasks.train.api import distributed
from tasks.train.corrections._confident_joint import JointCounts

MUCH, SHRUNK = 0.2, 0.5  # a correction that changes more labels, or leaves less of a class, gives a warning


class Plan(NamedTuple):
    """What one correction may do, for all images alike."""

    on: Bool[np.ndarray, " k"]  # classes that pixels may be given
    threshold: Float64[np.ndarray, " k"]  # how probable a class must be to be given
    background: int  # the class that may be given as soon as any other may
    wrong: float  # estimated share of wrong labels


class Corrected(Labels):
    """Corrected label maps. The trust maps stay those of the given labels."""

    def __init__(self, folder: Path, given: Labels):
        super().__init__(folder)
        self.given = given

    def trust_path(self, identifier: str) -> Path:
        return self.given.trust_path(identifier)


class Relabelling:
    """The label maps that are learnt from: with the correction `none`, and before the first one, the given ones."""

    def __init__(
        self,
        method: Any,
        dataset: Dataset,
        given: Labels,
        samples: list[Sample],
        memory: dict[str, Any],
        folder: Path,
    ):
        self.method, self.dataset, self.samples = method, dataset, samples
        self.original, self.memory, self.folder = given, memory, folder
        self.labels = Corrected(folder / memory["folder"], given) if memory.get("folder") else given
        if method.corrects:
            method.check(dataset.classes)

    @property
    def given(self) -> Labels | None:
        """The given labels, where others are learnt from."""
        return self.original if self.memory.get("folder") else None

    def after_epoch(
        self, epoch: int, epochs: int, joint: JointCounts | None, network: AnySize, amp: torch.autocast, more: bool
    ) -> bool:
        """Whether the labels changed: then whoever reads them begins anew. No correction when there is nothing `more` to learn."""
        if joint is None:
            return False
        plan = self.method.due(self.memory, epoch, epochs, joint, self.dataset.classes)
        if plan is None or not more:
            return False
        self.memory["folder"] = f"labels-{epoch}"
        self.labels = Corrected(self.folder / self.memory["folder"], self.original)
        moves = self.remake(plan, network, amp)
        self.memory.setdefault("corrections", []).append(record(moves, plan, epoch))
        if distributed.rank() == 0:
            report(moves, plan, self.memory, self.dataset.classes)
        return True

    def remake(self, plan: Plan, network: AnySize, amp: torch.autocast) -> Int64[np.ndarray, "rows rows"]:
        """Write the corrected maps, each process its share; how many pixels went from which label (last: none) to which."""
        device, classes, was = distributed.device(), len(self.dataset.classes), network.training
        moves = np.zeros((256, 256), np.int64)
        network.eval()
        for group in grouped(self.samples[distributed.rank() :: distributed.world_size()]):
            some = [sample for _, sample in group]
            images = torch.from_numpy(np.stack([self.dataset.image(sample.id) for sample in some])).to(device)
            predicted = self.method.probabilities(
                network, normalise(images.permute(0, 3, 1, 2), self.dataset.card), amp
            )
            for sample, probabilities in zip(some, predicted.cpu().numpy(), strict=True):
                old = self.original[sample.id]
                new = self.method.correct(old, probabilities, plan)
                self.labels.write(sample.id, new, self.dataset.card)
                moves += np.bincount(old.astype(np.int64).ravel() << 8 | new.ravel(), minlength=1 << 16).reshape(
                    256, 256
                )
        network.train(was)
        rows = [*range(classes), UNLABELLED]
        return distributed.all_reduce(torch.from_numpy(moves[np.ix_(rows, rows)]).to(device)).cpu().numpy()

    def remove_old(self) -> None:
        """Remove the maps of corrections before the last, once no process reads them and the checkpoint speaks of the last."""
        distributed.barrier()
        if distributed.rank() == 0:
            for folder in self.folder.glob("labels-*"):
                if folder.name != self.memory["folder"]:
                    rmtree(folder)


def record(moves: Int64[np.ndarray, "rows rows"], plan: Plan, epoch: int) -> dict[str, Any]:
    """The entry of a correction in the checkpoint."""
    changed = int(moves.sum() - moves.trace())
    share = changed / max(1, int(moves.sum()))
    return {"epoch": epoch, "changed": changed, "share": share, "wrong": plan.wrong}


def report(moves: Int64[np.ndarray, "rows rows"], plan: Plan, memory: dict[str, Any], classes: tuple[str, ...]) -> None:
    """A line on the terminal, warnings where something looks wrong, and numbers for the dashboard."""
    last = memory["corrections"][-1]
    into, before, after = moves.sum(0) - moves.diagonal(), moves.sum(1), moves.sum(0)
    where = f"correction after epoch {last['epoch']}"
    on = ", ".join(f"{name} {into[k]:,} above {plan.threshold[k]:.2f}" for k, name in enumerate(classes) if plan.on[k])
    print(
        f"{where}: {last['changed']:,} pixels changed ({last['share']:.2%}) into {on}; "
        f"about {last['wrong']:.1%} of the labels seem wrong",
        flush=True,
    )
    if not last["changed"]:
        print(f"WARNING: {where} changed nothing: train.correction.adele.threshold may be too high", flush=True)
    if last["share"] > MUCH:
        print(
            f"WARNING: {where} changed more than {MUCH:.0%} of the labelled pixels: is the network good enough?",
            flush=True,
        )
    for k, name in enumerate(classes):
        if after[k] < SHRUNK * before[k]:
            print(f"WARNING: {where} left {name} {after[k]:,} of {before[k]:,} pixels", flush=True)
    numbers = {"corrected_pixels": last["changed"], "corrected_share": last["share"], "seemingly_wrong": last["wrong"]}
    every = {f"corrected_into/{name}": int(into[k]) for k, name in enumerate(metric_names(classes))}
    events.metrics({**numbers, **every}, step=last["epoch"])


def summary(memory: dict[str, Any], classes: tuple[str, ...]) -> dict[str, Any]:
    """The stage's metrics: corrections, what share of the labels the last one changed, since when each class may be given."""
    corrections = memory.get("corrections", [])
    return {
        "corrections": len(corrections),
        "corrected_share": corrections[-1]["share"] if corrections else None,
        **{f"memorised_from.{name}": memory.get("on", {}).get(str(k)) for k, name in enumerate(metric_names(classes))},
    }


def keep(memory: dict[str, Any], folder: Path, out: Path) -> None:
    """Copy the maps of the last correction to the outputs, where the stage evaluate scores them."""
    if memory.get("folder"):
        rmtree(out / "corrected", ignore_errors=True)
        copytree(folder / memory["folder"], out / "corrected")
