"""Train, then write what the stage promises: the network, the curve, the metrics."""

from csv import DictWriter
from pathlib import Path
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.network.segmenter import save
from segmend.training.checkpoints import Checkpoints
from segmend.training.determinism import out_of_memory, reproducible
from tasks.train.api.distributed import Alone, Several
from tasks.train.corrections import _relabelling
from tasks.train.engine import early_learning
from tasks.train.engine.label_statistics import LabelStatistics
from tasks.train.engine.loop import train
from tasks.train.engine.state import State, start
from tasks.train.settings import Params

NOTHING = "nothing is labelled yet: the network is untrained"


def train_and_write(
    here: Alone | Several,
    settings: Params,
    seed: int,
    dataset: Dataset,
    labels: Labels,
    data: LabelStatistics,
    checkpoints: Checkpoints,
    out: Path,
    curves: Path,
) -> dict[str, Any]:
    """The metrics. With several processes the first one writes."""
    with reproducible(), out_of_memory("train", way_out(settings)):
        if data.train:
            state = train(here, settings, seed, dataset, labels, data, checkpoints)
        else:
            state = untrained(here, settings, seed, len(dataset.classes))
    if here.rank:
        return {}
    best = state.best["epoch"]
    epoch = best if settings.use == "best" and best else state.epoch
    if epoch != state.epoch:
        state.shown.load_state_dict(state.best["network"])
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
        "steps": state.step,
        "parameters": sum(parameter.numel() for parameter in state.network.parameters()),
        "images": len(data.train),
        "images_without_labels": data.left_out,
        "threads": torch.get_num_threads(),
        "waiting": round(state.waiting, 4),  # for the record of the run alone: no two runs are alike in it
    }
    if settings.correction.corrects:
        metrics |= _relabelling.summary(state.correction, dataset.classes)
    if not data.train:
        metrics["loss_reason"] = metrics["val_miou_reason"] = NOTHING
    elif not best:
        metrics["val_miou_reason"] = "no pixel of the val split is labelled"
    return metrics


def way_out(settings: Params) -> str:
    """When memory runs out."""
    return (
        f"lower train.batch (it is {settings.batch}) and raise train.accumulate (it is {settings.accumulate}) by the same "
        "factor, lower the crop's size in train.augmentations, or take a smaller network"
    )


def untrained(here: Alone | Several, settings: Params, seed: int, classes: int) -> State:
    """Where active learning begins without a label: the initial network, and a curve of one row without numbers."""
    if here.rank == 0:
        print(NOTHING, flush=True)
    state = start(settings, seed, classes, here.device, torch.float32)
    state.curve.append({"epoch": 0, "loss": None, "val_loss": None, "val_miou": None, "lr": None})
    return state


def write_curve(path: Path, curve: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = DictWriter(file, curve[0], lineterminator="\n")
        rows.writeheader()
        rows.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in curve)
