"""python -m tasks.train: see the stage train of dvc.yaml for its paths."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.network.device import device, precision
from segmend.stage import events
from segmend.stage.cache import Part, code_digest
from segmend.stage.command import stage
from segmend.training.checkpoints import Checkpoints
from tasks.train.api import distributed
from tasks.train.engine.label_statistics import label_statistics
from tasks.train.engine.trainer import train_and_write
from tasks.train.settings import Params


@stage
def train(
    settings: Params,
    seed: int,
    *,
    dataset: Path,
    labels: Path,
    weights: Path | None = None,
    out: Path,
    out_curves: Path,
) -> dict[str, Any]:
    """Train the segmentation network on the label maps."""
    source, maps = Dataset(dataset), Labels(labels)
    data = label_statistics(source, maps, settings.loss.partial, settings.selection.wants_trust)
    initial = weights if weights and (weights / "config.json").is_file() else None
    distributed.share_cores()
    machine = {
        "device": device().type,
        "precision": str(precision(device())).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "processes": distributed.requested(),
        "compiled": distributed.compiling(),
        "torch": torch.__version__,
    }
    events.params({f"machine.{name}": value for name, value in machine.items()})
    key: list[Part] = [
        settings.model_dump_json(),
        str(seed),
        data.digest,
        sha256((initial / "weights.safetensors").read_bytes()).digest() if initial else b"",
        code_digest("tasks.train.__main__"),
        repr(machine),
    ]
    checkpoints = Checkpoints(key)
    result = distributed.launch(
        train_and_write, settings, seed, source, maps, data, initial, checkpoints, out, out_curves
    )
    events.note({"waiting": result.data_wait})
    return result.metrics


if __name__ == "__main__":
    raise SystemExit(train())
