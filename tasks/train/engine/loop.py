"""The training loop: batch, step (step.py), validation, log."""

from collections.abc import Iterator
from functools import partial
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.metrics.confusion import Confusion, metric_names
from segmend.network.device import precision
from segmend.stage import events
from segmend.training.checkpoints import Checkpoints
from tasks.train.api import distributed
from tasks.train.corrections._relabelling import Relabelling
from tasks.train.engine.data_stall import DataStall
from tasks.train.engine.dataloader import Batch, cells_in, training, validation
from tasks.train.engine.early_learning import Watch
from tasks.train.engine.label_statistics import LabelStatistics
from tasks.train.engine.nan_monitor import is_non_finite, stop
from tasks.train.engine.state import State, start
from tasks.train.engine.step import TrainStep
from tasks.train.engine.validation import validate
from tasks.train.settings import Params

CHECK = 25  # steps between checks of the loss: each makes a GPU wait


def train(
    settings: Params,
    seed: int,
    dataset: Dataset,
    labels: Labels,
    data: LabelStatistics,
    initial: Path | None,
    checkpoints: Checkpoints,
) -> State:
    """The trained network, its curve (one row an epoch) and its best weights. `initial`: see state.start.

    Killed at any point and called again with the same arguments it resumes from the newest checkpoint and ends with the same
    bytes as an uninterrupted training.
    """
    card, device = dataset.card, distributed.device()
    kind, amp = precision(device), distributed.autocast()
    counts = torch.from_numpy(data.counts).to(device)
    frequency = counts.float() / counts.sum().clamp_min(1)  # sets of classes may be all there is
    per_step = settings.batch * settings.accumulate
    steps = ceil(settings.epochs * len(data.train) / per_step)

    cells = cells_in(data.train, settings.loss.cell_side())
    state = start(settings, seed, len(card.classes), device, kind, cells, initial)
    if saved := checkpoints.load():
        state.load(saved)
        say(f"resumed at step {state.step} of {steps}")
    state.running = state.running.to(device)
    auxiliary, optimizer = state.auxiliary, state.optimizer
    if distributed.compiling() and auxiliary.selection.wants_features:
        raise ValueError(
            f"train: SEGMEND_COMPILE=1 cannot be combined with train.selection {settings.selection.name}, which reads features inside the network; "
            "leave SEGMEND_COMPILE unset"
        )
    network = distributed.wrap(state.network)
    train_step = TrainStep(settings, state, network, card, frequency, amp)
    work = checkpoints.path.parent
    relabelling = Relabelling(settings.correction, dataset, labels, data.train, state.correction, work)
    span = range(state.step, steps)

    def reading(span: range, whole: bool = False) -> Iterator[Batch]:
        given, answers = relabelling.given, data.answers
        return training(dataset, relabelling.labels, data.train, settings, seed, span, answers, given, whole)

    batches, stall = reading(span), DataStall()
    watch = Watch(settings.watch, seed, dataset, data.train, work / "early")
    val = validation(dataset, labels, data.val)
    first_process = distributed.rank() == 0

    for step in span if not first_process else events.progress(span, len(span), "training steps"):
        # The rate rises over the warm-up, since the first gradients are unreliable (Adam's and the norms' running means hold
        # few batches), then follows the schedule.
        factor = factor_at(step, steps, settings)
        for group, rate in zip(optimizer.param_groups, state.rates, strict=True):
            group["lr"] = rate * factor

        parts = [stall.next(batches).to(device) for _ in range(settings.accumulate)]
        train_step.step(parts, step / steps)

        state.step = step + 1
        epoch = min(settings.epochs, state.step * per_step // len(data.train))
        if (epoch > state.epoch or step % CHECK == 0) and is_non_finite(state):
            first = step + 1 - int(train_step.non_finite)
            rate = state.rates[0] * factor_at(first, steps, settings)
            stop(state, settings, first, steps, rate, kind, checkpoints, partial(reading, whole=True))
        if epoch > state.epoch:
            validated = epoch == settings.epochs or epoch % settings.validate_every == 0
            distributed.broadcast_buffers(state.shown)
            val_batches = val if validated else ()
            val_loss, confusion = validate(state.shown, val_batches, auxiliary.loss, frequency, card, amp)
            row = state.end_epoch(epoch, factor * state.rates[0], val_loss, confusion.miou())
            state.data_wait = stall.share()
            report(row, state.data_wait, confusion, card.classes, settings.epochs)
            watch.after_epoch(epoch, state.shown, amp)
            more = state.step < steps
            if relabelling.after_epoch(epoch, settings.epochs, train_step.compute(), state.shown, amp, more):
                batches = reading(range(state.step, steps))
                if first_process:
                    checkpoints.save(state.saved())
                relabelling.remove_old()
        if first_process and state.step < steps and checkpoints.due() and not is_non_finite(state):
            checkpoints.save(state.saved())
    if hint := stall.hint():
        say(hint)
    return state


def factor_at(step: int, steps: int, settings: Params) -> float:
    """What the learning rate is multiplied with, before step number `step` + 1 of `steps`."""
    return min(1.0, (step + 1) / max(1.0, settings.warmup * steps)) * settings.schedule(step / steps)


def report(
    row: dict[str, Any],
    data_wait: float,
    confusion: Confusion,
    classes: tuple[str, ...],
    epochs: int,
) -> None:
    """A line on the terminal, numbers for the dashboard."""
    numbers = {name: value for name, value in row.items() if name != "epoch" and value is not None}
    say(f"epoch {row['epoch']}/{epochs}  " + "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
    for name, value in zip(metric_names(classes), confusion.iou().tolist(), strict=True):
        if isfinite(value):
            numbers[f"val_iou.{name}"] = value
    if distributed.rank() == 0:
        events.metrics({**numbers, "waiting": data_wait}, step=row["epoch"])


def say(line: str) -> None:
    if distributed.rank() == 0:
        print(line, flush=True)
