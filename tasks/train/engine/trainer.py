"""Train, then write the outputs of the stage: the network and the curve; and return its metrics."""

from csv import DictWriter
from pathlib import Path
from typing import Any, NamedTuple

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.network.segmenter import save
from segmend.training.checkpoints import Checkpoints
from segmend.training.determinism import out_of_memory, reproducible
from tasks.train.api import distributed
from tasks.train.corrections import _relabelling
from tasks.train.engine import early_learning
from tasks.train.engine.batch_norm import reestimate
from tasks.train.engine.label_statistics import LabelStatistics
from tasks.train.engine.loop import train
from tasks.train.engine.state import State, start
from tasks.train.settings import Params

GIVEN, LAST = "mIoU on the given labels of the val split", "the last epoch"
NOTHING = "nothing is labelled yet: the network is untrained"


class Result(NamedTuple):
    metrics: dict[str, Any]  # none in processes other than the first
    data_wait: float  # share of the time that was spent waiting for data, 0..1; it differs from run to run


def train_and_write(
    settings: Params,
    seed: int,
    dataset: Dataset,
    labels: Labels,
    data: LabelStatistics,
    initial: Path | None,
    checkpoints: Checkpoints,
    out: Path,
    curves: Path,
) -> Result:
    """Train from random weights or from those of the network folder `initial`. Of several processes the first one writes."""
    with reproducible(), out_of_memory("train", way_out(settings)):
        if data.train:
            state = train(settings, seed, dataset, labels, data, initial, checkpoints)
        else:
            state = untrained(settings, seed, len(dataset.classes))
    if distributed.rank():
        return Result({}, state.data_wait)
    best = state.best["epoch"]
    if settings.use == "best" and best and data.corrected["train"] and not data.corrected["val"]:
        print(
            f"the best epoch is chosen on val labels that no answer has corrected (train: {data.corrected['train']:,} pixels "
            "corrected): it may favour weights that repeat the mistakes of the labels; query.val asks about val images too, and "
            "train.use: last does not choose",
            flush=True,
        )
    epoch = best if settings.use == "best" and best else state.epoch
    if epoch != state.epoch:
        state.shown.load_state_dict(state.best["network"])
    if settings.batch_norm == "reestimated":
        with reproducible(), out_of_memory("train", "set train.batch_norm to running, or take a smaller network"):
            reestimate(state.shown, dataset, data.train, distributed.autocast())
    save(out, state.shown, settings.network, dataset.card, trained=bool(data.train))
    write_curve(curves, state.curve)
    early_learning.keep(checkpoints.path.parent / "early", out / "early")
    _relabelling.keep(state.correction, checkpoints.path.parent, out)
    checkpoints.remove()
    metrics = {
        "loss": state.curve[-1]["loss"],
        "val_miou": next(row["val_miou"] for row in state.curve if row["epoch"] == epoch),
        "epoch": epoch,  # of the weights that were written
        "best_val_miou": state.best["miou"] if best else None,
        "best_epoch": best or None,
        "chosen_by": GIVEN if settings.use == "best" and best else LAST,
        "val_images": len(data.val),
        "val_pixels_labelled": data.val_pixels,
        "val_pixels_corrected": data.corrected["val"],  # by answers of all rounds
        "steps": state.step,
        "parameters": sum(parameter.numel() for parameter in state.network.parameters()),
        "images": len(data.train),
        "images_without_labels": data.left_out,
        "threads": torch.get_num_threads(),
    }
    if settings.correction.corrects:
        metrics |= _relabelling.summary(state.correction, dataset.classes)
    if not data.train:
        metrics["loss_reason"] = metrics["val_miou_reason"] = NOTHING
    elif not best:
        metrics["val_miou_reason"] = "no pixel of the val split is labelled"
    return Result(metrics, round(state.data_wait, 4))


def way_out(settings: Params) -> str:
    """What to change when memory runs out."""
    return (
        f"lower train.batch (it is {settings.batch}) and raise train.accumulate (it is {settings.accumulate}) by the same "
        "factor, lower the crop's size in train.augmentations, or take a smaller network"
    )


def untrained(settings: Params, seed: int, classes: int) -> State:
    """Without any label, where active learning starts: the initial network, and a curve of one row without numbers."""
    if distributed.rank() == 0:
        print(NOTHING, flush=True)
    state = start(settings, seed, classes, distributed.device(), torch.float32)
    state.curve.append({"epoch": 0, "loss": None, "val_loss": None, "val_miou": None, "lr": None})
    return state


def write_curve(path: Path, curve: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = DictWriter(file, curve[0], lineterminator="\n")
        rows.writeheader()
        rows.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in curve)
