"""The training loop, as one straight story: batch, forward, backward, step, log."""

from math import ceil, isfinite
from re import sub
from typing import Any

import torch

from tasks import tracking
from tasks.confusion import Confusion
from tasks.dataset import Dataset, Labels
from tasks.network import normalise
from tasks.predict import precision
from tasks.targets import targets_of
from tasks.train.batches import Batch, training, validation
from tasks.train.census import Census
from tasks.train.checkpoints import Checkpoints
from tasks.train.processes import Alone, Several
from tasks.train.settings import Params
from tasks.train.state import State, start
from tasks.train.validate import validate

LOOK = 25  # steps between looks at the loss: each look makes a GPU wait


def train(
    here: Alone | Several,
    settings: Params,
    seed: int,
    dataset: Dataset,
    labels: Labels,
    data: Census,
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

    state = start(settings, seed, len(card.classes), device, kind)
    if saved := checkpoints.load():
        state.load(saved)
        say(here, f"going on from step {state.step} of {steps}")
    state.running = state.running.to(device)
    network, optimizer, scaler = here.wrap(state.network), state.optimizer, state.scaler
    span = range(state.step, steps)
    batches = training(dataset, labels, data.train, settings, seed, span, here, data.answers)
    val = validation(dataset, labels, data.val, here)

    for step in span if here.rank else tracking.progress(span, len(span), "training steps"):
        # The rate rises over the warm-up, since the first gradients are wild (Adam's and the norms' means are young), then
        # follows the schedule.
        factor = min(1.0, (step + 1) / max(1.0, settings.warmup * steps)) * settings.schedule(step / steps)
        for group, rate in zip(optimizer.param_groups, state.rates, strict=True):
            group["lr"] = rate * factor

        # All parts of a step are read first: its loss is the mean over the labelled pixels of the whole step, so that two
        # parts of four images, or two processes with four each, give the gradient of one batch of eight.
        parts = [moved(next(batches), device) for _ in range(settings.accumulate)]
        targets = [targets_of(part.labels, frequency, part.candidates) for part in parts]
        pixels = here.total(torch.stack([target.valid.sum() for target in targets]).sum()).clamp_min(1)
        for part, target in zip(parts, targets, strict=True):
            with amp:
                logits = network(normalise(part.images, card))
            # Where a pixel is ignored its value is dropped, not multiplied by 0: 0 times infinity is no number.
            values = settings.loss(logits.float(), target).where(target.valid, 0)
            loss = values.sum() / pixels
            here.backward(scaler.scale(loss))
            state.running[0] += here.total(loss.detach())
        state.running[1] += 1
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

        state.step = step + 1
        epoch = min(settings.epochs, state.step * per_step // len(data.train))
        if epoch > state.epoch or step % LOOK == 0:
            stop_if_broken(float(state.running[0]), step + 1, steps, settings, kind)
        if epoch > state.epoch:
            look = epoch == settings.epochs or epoch % settings.validate_every == 0
            loss_there, confusion = validate(here, network, val if look else (), settings.loss, frequency, card, amp)
            row = state.end_epoch(epoch, factor * state.rates[0], loss_there, confusion.miou())
            report(here, row, confusion, card.classes, settings.epochs)
        if here.rank == 0 and state.step < steps and checkpoints.due():
            checkpoints.save(state.saved())
    return state


def moved(batch: Batch, device: torch.device) -> Batch:
    return Batch(*(part.to(device, non_blocking=True) for part in batch))


def stop_if_broken(loss: float, step: int, steps: int, settings: Params, kind: torch.dtype) -> None:
    if not isfinite(loss):
        raise ValueError(
            f"train: the loss is {loss} by step {step} of {steps}; lower train.optimizer.{settings.optimizer.name}.lr (it is "
            f"{settings.optimizer.lr:g}) or raise train.warmup (it is {settings.warmup:g})"
            + ("" if kind == torch.float32 else "; or set SEGMEND_PRECISION=fp32 in the environment")
        )


def report(
    here: Alone | Several, row: dict[str, Any], confusion: Confusion, classes: tuple[str, ...], epochs: int
) -> None:
    """A line for people, numbers for the dashboard."""
    numbers = {name: value for name, value in row.items() if name != "epoch" and value is not None}
    say(here, f"epoch {row['epoch']}/{epochs}  " + "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
    for name, value in zip(classes, confusion.iou().tolist(), strict=True):
        if isfinite(value):  # a dashboard's names hold few signs
            numbers[f"val_iou.{sub(r'[^A-Za-z0-9_. /-]', '_', name)}"] = value
    if here.rank == 0:
        tracking.metrics(numbers, step=row["epoch"])


def say(here: Alone | Several, line: str) -> None:
    if here.rank == 0:
        print(line, flush=True)
