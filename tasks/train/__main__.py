"""python -m tasks.train: see the stage train of dvc.yaml for its paths."""

from pathlib import Path
from typing import Any

import torch

from tasks import tracking
from tasks.checkpoints import Checkpoints
from tasks.dataset import Dataset, Labels
from tasks.machine import device, precision
from tasks.run import stage
from tasks.train.census import census
from tasks.train.outputs import train_and_write
from tasks.train.processes import compiling, count, launch, share_cores
from tasks.train.settings import Params

CODE = [
    *Path(__file__).parent.rglob("*.py"),
    *Path(__file__).parents[1].glob("*.py"),
    *(Path(__file__).parents[1] / "networks").glob("*.py"),
]


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
    data = census(source, maps, settings.loss.partial, settings.selection.wants_trust, weights)
    share_cores()
    machine = {
        "device": device().type,
        "precision": str(precision(device())).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "processes": count(),
        "compiled": compiling(),
        "torch": torch.__version__,
    }
    tracking.params({f"machine.{name}": value for name, value in machine.items()})
    code = b"".join(path.read_bytes() for path in sorted(CODE))
    key = [settings.model_dump_json().encode(), str(seed).encode(), data.digest, code, repr(machine).encode()]
    found = launch(train_and_write, settings, seed, source, maps, data, Checkpoints(key), out, out_curves)
    tracking.note({"waiting": found.pop("waiting", None)})
    return found


if __name__ == "__main__":
    raise SystemExit(train())
