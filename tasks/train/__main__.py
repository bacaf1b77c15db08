"""python -m tasks.train: see the stage train of dvc.yaml for its paths."""

from pathlib import Path
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.network.device import device, precision
from segmend.stage import events
from segmend.stage.cache import Part, code_digest
from segmend.stage.command import stage
from segmend.training.checkpoints import Checkpoints
from tasks.train.api.distributed import compiling, count, launch, share_cores
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
    data = label_statistics(source, maps, settings.loss.partial, settings.selection.wants_trust, weights)
    share_cores()
    machine = {
        "device": device().type,
        "precision": str(precision(device())).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "processes": count(),
        "compiled": compiling(),
        "torch": torch.__version__,
    }
    events.params({f"machine.{name}": value for name, value in machine.items()})
    key: list[Part] = [
        settings.model_dump_json(),
        str(seed),
        data.digest,
        code_digest("tasks.train.__main__"),
        repr(machine),
    ]
    found = launch(train_and_write, settings, seed, source, maps, data, Checkpoints(key), out, out_curves)
    events.note({"waiting": found.pop("waiting", None)})
    return found


if __name__ == "__main__":
    raise SystemExit(train())
