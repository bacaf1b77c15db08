"""Non-finite loss: the batch that caused it is kept for inspection, and the training stops with a sentence."""

from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import NoReturn

import torch

from segmend.training.checkpoints import Checkpoints
from tasks.train.api import distributed
from tasks.train.engine.dataloader import Batch
from tasks.train.engine.state import State
from tasks.train.settings import Params


def is_non_finite(state: State) -> bool:
    """Whether a loss of this epoch was NaN or infinite. This makes a GPU wait."""
    return not isfinite(float(state.running[0]))


def stop(
    state: State,
    settings: Params,
    first: int,
    steps: int,
    rate: float,
    kind: torch.dtype,
    checkpoints: Checkpoints,
    reread: Callable[[range], Iterator[Batch]],
) -> NoReturn:
    """`first` is the first step with a non-finite loss; `reread` gives the batches of steps again, those of all processes."""
    if distributed.rank() == 0:
        keep(checkpoints.broken, first, rate, list(reread(range(first, first + 1))))
    distributed.barrier()  # the first error ends all processes: not before the batch is written
    raise ValueError(
        f"train: the loss is {float(state.running[0])} from step {first + 1} of {steps} on; lower "
        f"train.optimizer.{settings.optimizer.name}.lr (it is {settings.optimizer.lr:g}) or raise train.warmup (it is "
        f"{settings.warmup:g})"
        + ("" if kind == torch.float32 else "; or set SEGMEND_PRECISION=fp32 in the environment")
        + f"; the step's images, labels, number and learning rate are kept: look at them with torch.load('{checkpoints.broken}')"
    )


def keep(path: Path, step: int, rate: float, parts: list[Batch]) -> None:
    """One tensor for each forward pass of the step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"images": [part.images for part in parts], "labels": [part.maps.labels for part in parts]}
    torch.save({**content, "step": step + 1, "lr": rate}, path)
