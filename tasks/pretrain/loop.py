"""The loop: windows, two views, the contrast of their drawn pixels, a step."""

from math import cos, isfinite, pi

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.network.device import precision
from segmend.network.segmenter import normalise
from segmend.stage.events import progress
from segmend.training.checkpoints import Checkpoints
from tasks.pretrain.contrastive_loss import contrast, draw
from tasks.pretrain.settings import Params
from tasks.pretrain.state import State
from tasks.pretrain.views import jittered, views


def learn(
    state: State, settings: Params, dataset: Dataset, labels: Labels, samples: list[Sample], checkpoints: Checkpoints
) -> list[float]:
    """Train in place; the mean loss of each epoch.

    Killed at any point and called again with the same arguments it goes on from the newest checkpoint, to the same bytes.
    """
    network, optimizer, random = state.network, state.optimizer, state.random
    device = next(network.parameters()).device
    kind = precision(device)
    amp = torch.autocast(device.type, kind, enabled=kind == torch.bfloat16)  # no float16: nothing scales the loss here
    per_epoch = max(1, len(samples) // settings.batch)
    steps = settings.epochs * per_epoch
    if saved := checkpoints.load():
        state.load(saved)
        print(f"resumed at step {state.step} of {steps}", flush=True)
    for step in progress(range(state.step, steps), steps - state.step, "pretraining steps"):
        if len(state.order) < settings.batch:
            state.order += random.permutation(len(samples)).tolist()
        some, state.order = state.order[: settings.batch], state.order[settings.batch :]
        images, targets, sure = views(dataset, labels, [samples[k] for k in some], settings, random)
        both = normalise(torch.cat([images, jittered(images, settings.jitter, random)]).to(device), dataset.card)
        with amp:
            features = network.with_features(both)[1]
        optimizer.param_groups[0]["lr"] = settings.lr * (1 + cos(pi * step / steps)) / 2
        unit = F.normalize(state.head(features)).flatten(2).transpose(1, 2)
        first, second = unit[: len(some)], unit[len(some) :]
        loss = of_batch(first, second, targets, sure, settings, state.draws, len(dataset.classes))
        state.losses.append(float(loss.detach()))
        if not isfinite(state.losses[-1]):  # before the step, so that no checkpoint learns from it
            raise ValueError(
                f"pretrain: the loss is {state.losses[-1]} at step {step + 1} of {steps}; lower pretrain.lr (it is "
                f"{settings.lr:g}) or raise pretrain.temperature (it is {settings.temperature:g})"
                + ("" if kind == torch.float32 else "; or set SEGMEND_PRECISION=fp32 in the environment")
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state.step = step + 1
        if state.step < steps and checkpoints.due():
            checkpoints.save(state.saved())
    return [sum(state.losses[k : k + per_epoch]) / per_epoch for k in range(0, steps, per_epoch)]


def of_batch(
    first: Float[Tensor, "b n d"],
    second: Float[Tensor, "b n d"],
    targets: UInt8[Tensor, "b s s"],
    sure: Bool[Tensor, "b s s"],
    settings: Params,
    draws: torch.Generator,
    classes: int,
) -> Float[Tensor, ""]:
    """The mean loss of the images; the partner of each is the next one in the batch. Features of each pixel."""
    places = [
        [
            draw(labels, mask, classes, settings.per_class, settings.rim, draws).to(first.device)
            for labels, mask in zip(targets, sure, strict=True)
        ]
        for _ in (0, 1)
    ]
    names = targets.flatten(1).long().to(first.device)
    losses = []
    for k in range(len(targets)):
        own, copied, partner = places[0][k], places[1][k], (k + 1) % len(targets)
        if not len(own) or not len(copied):
            continue
        other = places[1][partner][: None if settings.cross_image else 0]
        losses.append(
            contrast(
                first[k, own], names[k, own], second[k, copied], names[k, copied],
                second[partner, other], names[partner, other], settings.temperature,
            )
        )  # fmt: skip
    return torch.stack(losses).mean() if losses else first.sum() * 0
