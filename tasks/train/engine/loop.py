"""The training loop, as one straight story: batch, step (learner.py), validation, log."""

from collections.abc import Iterator
from functools import partial
from math import ceil, isfinite
from re import sub
from typing import Any

import torch

from segmend.images.dataset import Dataset, Labels
from segmend.metrics.confusion import Confusion
from segmend.network.device import precision
from segmend.stage import events
from segmend.training.checkpoints import Checkpoints
from tasks.train.api.distributed import Alone, Several, compiling
from tasks.train.corrections._relabelling import Relabelling
from tasks.train.engine.data_stall import DataStall
from tasks.train.engine.dataloader import Batch, cells_in, training, validation
from tasks.train.engine.early_learning import Watch
from tasks.train.engine.label_statistics import LabelStatistics
from tasks.train.engine.nan_monitor import is_broken, stop
from tasks.train.engine.state import State, start
from tasks.train.engine.step import TrainStep
from tasks.train.engine.validation import validate
from tasks.train.settings import Params

LOOK = 25  # steps between looks at the loss: each look makes a GPU wait


def train(
    here: Alone | Several,
    settings: Params,
    seed: int,
    dataset: Dataset,
    labels: Labels,
    data: LabelStatistics,
    checkpoints: Checkpoints,
) -> State:
    """The trained network, its curve (one row an epoch) and its best weights.

    Killed at any point and called again with the same arguments it goes on from the newest checkpoint and ends with the same
    bytes as if nothing had happened.
    """
    card, device, kind = dataset.card, here.device, precision(here.device)
    amp = torch.autocast(device.type, kind, enabled=kind != torch.float32)
    counts = torch.from_numpy(data.counts).to(device)
    frequency = counts.float() / counts.sum().clamp_min(1)  # sets of classes may be all there is
    per_step = settings.batch * settings.accumulate
    steps = ceil(settings.epochs * len(data.train) / per_step)

    cells = cells_in(data.train, settings.loss.cell_side())
    state = start(settings, seed, len(card.classes), device, kind, cells, data.begin)
    if saved := checkpoints.load():
        state.load(saved)
        say(here, f"going on from step {state.step} of {steps}")
    state.running = state.running.to(device)
    auxiliary, optimizer = state.auxiliary, state.optimizer
    if compiling() and auxiliary.selection.wants_features:
        raise ValueError(
            f"train: SEGMEND_COMPILE=1 does not go with train.selection {settings.selection.name}, which looks inside the network; "
            "leave SEGMEND_COMPILE unset"
        )
    network = here.wrap(state.network)
    train_step = TrainStep(here, settings, state, network, card, frequency, amp)
    relabelling = Relabelling(
        here, settings.correction, dataset, labels, data.train, state.correction, checkpoints.path.parent
    )
    span = range(state.step, steps)

    def reading(span: range, here: Alone | Several = here) -> Iterator[Batch]:
        given = relabelling.given
        return training(dataset, relabelling.labels, data.train, settings, seed, span, here, data.answers, given)

    batches, waiting = reading(span), DataStall()
    watch = Watch(here, settings.watch, seed, dataset, data.train, checkpoints.path.parent / "early")
    val = validation(dataset, labels, data.val, here)

    for step in span if here.rank else events.progress(span, len(span), "training steps"):
        # The rate rises over the warm-up, since the first gradients are wild (Adam's and the norms' means are young), then
        # follows the schedule.
        factor = factor_at(step, steps, settings)
        for group, rate in zip(optimizer.param_groups, state.rates, strict=True):
            group["lr"] = rate * factor

        parts = [moved(waiting.next(batches), device) for _ in range(settings.accumulate)]
        train_step.step(parts, step / steps)

        state.step = step + 1
        epoch = min(settings.epochs, state.step * per_step // len(data.train))
        if (epoch > state.epoch or step % LOOK == 0) and is_broken(state):
            first = step + 1 - int(train_step.broken)
            rate = state.rates[0] * factor_at(first, steps, settings)
            stop(here, state, settings, first, steps, rate, kind, checkpoints, partial(reading, here=Alone()))
        if epoch > state.epoch:
            look = epoch == settings.epochs or epoch % settings.validate_every == 0
            here.align(state.shown)
            loss_there, confusion = validate(
                here, state.shown, val if look else (), auxiliary.loss, frequency, card, amp
            )
            row = state.end_epoch(epoch, factor * state.rates[0], loss_there, confusion.miou())
            state.waiting = waiting.share()
            report(here, row, state.waiting, confusion, card.classes, settings.epochs)
            watch.after_epoch(epoch, state.shown, amp)
            more = state.step < steps
            if relabelling.after_epoch(epoch, settings.epochs, train_step.compute(), state.shown, amp, more):
                batches = reading(range(state.step, steps))
                if here.rank == 0:
                    checkpoints.save(state.saved())
                relabelling.tidy()
        if here.rank == 0 and state.step < steps and checkpoints.due() and not is_broken(state):
            checkpoints.save(state.saved())
    if hint := waiting.hint(here):
        say(here, hint)
    return state


def factor_at(step: int, steps: int, settings: Params) -> float:
    """What the learning rate is multiplied with, before step number `step` + 1 of `steps`."""
    return min(1.0, (step + 1) / max(1.0, settings.warmup * steps)) * settings.schedule(step / steps)


def moved(batch: Batch, device: torch.device) -> Batch:
    parts: Any = (None if part is None else part.to(device, non_blocking=True) for part in batch)
    return Batch(*parts)


def report(
    here: Alone | Several,
    row: dict[str, Any],
    waiting: float,
    confusion: Confusion,
    classes: tuple[str, ...],
    epochs: int,
) -> None:
    """A line for people, numbers for the dashboard."""
    numbers = {name: value for name, value in row.items() if name != "epoch" and value is not None}
    say(here, f"epoch {row['epoch']}/{epochs}  " + "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
    for name, value in zip(classes, confusion.iou().tolist(), strict=True):
        if isfinite(value):  # a dashboard's names hold few signs
            numbers[f"val_iou.{sub(r'[^A-Za-z0-9_. /-]', '_', name)}"] = value
    if here.rank == 0:
        events.metrics({**numbers, "waiting": waiting}, step=row["epoch"])


def say(here: Alone | Several, line: str) -> None:
    if here.rank == 0:
        print(line, flush=True)
