"""python -m tasks.pretrain: see the stage pretrain of dvc.yaml for its paths."""

from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tasks import params
from tasks.dataset import Dataset, Labels, Sample
from tasks.machine import device, precision
from tasks.network import AnySize, build, normalise, save
from tasks.networks import Network
from tasks.pretrain.contrast import contrast, draw
from tasks.pretrain.settings import Params
from tasks.rasters import UNLABELLED, VOID
from tasks.run import stage
from tasks.tracking import progress


@stage
def pretrain(settings: Params, seed: int, *, dataset: Path, labels: Path, out: Path) -> dict[str, Any]:
    """Train the features of the network of train.network by contrast; its classifier stays random."""
    source, maps = Dataset(dataset), Labels(labels)
    method = params.validated(Network, params.load()["train"].get("network", {"name": "unet"}), "train.network")
    samples = [sample for sample in source.of("train") if (maps[sample.id] < UNLABELLED).any()]
    if not samples:
        raise ValueError(
            f"{labels} holds no labelled pixel of the train split: there is nothing to contrast; set train.start to none"
        )
    torch.manual_seed(seed)
    place = device()
    network = build(method, len(source.classes)).to(place).to(memory_format=torch.channels_last).train()
    losses = learn(network, settings, seed, source, maps, samples)
    save(out, network, method, source.card)
    return {"loss": losses[-1], "first_loss": losses[0], "images": len(samples), "epochs": settings.epochs}


def learn(
    network: AnySize, settings: Params, seed: int, dataset: Dataset, labels: Labels, samples: list[Sample]
) -> list[float]:
    """Train in place; the mean loss of each epoch."""
    place = next(network.parameters()).device
    kind = precision(place)
    amp = torch.autocast(place.type, kind, enabled=kind == torch.bfloat16)  # no float16: nothing scales the loss here
    head: nn.Module | None = None
    steps = settings.epochs * max(1, len(samples) // settings.batch)
    draws, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    order: list[int] = []
    losses: list[list[float]] = [[] for _ in range(settings.epochs)]
    optimizer: torch.optim.Optimizer | None = None
    for step in progress(range(steps), steps, "pretraining steps"):
        if len(order) < settings.batch:
            order += random.permutation(len(samples)).tolist()
        some, order = order[: settings.batch], order[settings.batch :]
        images, targets = views(dataset, labels, [samples[k] for k in some], settings, random)
        both = normalise(torch.cat([images, jittered(images, settings.jitter, random)]).to(place), dataset.card)
        with amp:
            features = network.with_features(both)[1]
        if head is None or optimizer is None:  # only now is it known how many features there are
            head = projection(features.shape[1], settings.projection).to(place)
            parameters = [*network.parameters(), *head.parameters()]
            optimizer = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=settings.decay)
        optimizer.param_groups[0]["lr"] = settings.lr * (1 + cos(pi * step / steps)) / 2
        unit = F.normalize(head(features)).flatten(2).transpose(1, 2)
        loss = of_batch(unit[: len(some)], unit[len(some) :], targets, settings, draws, len(dataset.classes))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses[step * settings.epochs // steps].append(float(loss.detach()))
    return [sum(some) / len(some) for some in losses]


def projection(inputs: int, width: int) -> nn.Module:
    """Three 1x1 convolutions, as in the paper."""
    return nn.Sequential(
        nn.Conv2d(inputs, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1)
    )


def of_batch(
    first: Tensor, second: Tensor, targets: Tensor, settings: Params, draws: torch.Generator, classes: int
) -> Tensor:
    """The mean loss of the images; the partner of each is the next one in the batch. Features (b, h*w, d)."""
    places = [
        [draw(one, classes, settings.per_class, settings.rim, draws).to(first.device) for one in targets]
        for _ in (0, 1)
    ]
    names = targets.flatten(1).long().to(first.device)
    every = []
    for k in range(len(targets)):
        here, there, partner = places[0][k], places[1][k], (k + 1) % len(targets)
        if not len(here) or not len(there):
            continue
        other = places[1][partner][: None if settings.cross_image else 0]
        every.append(
            contrast(
                first[k, here], names[k, here], second[k, there], names[k, there],
                second[partner, other], names[partner, other], settings.temperature,
            )
        )  # fmt: skip
    return torch.stack(every).mean() if every else first.sum() * 0


def views(
    dataset: Dataset, labels: Labels, samples: list[Sample], settings: Params, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """A window of each image, mirrored at random: images uint8 (b, 3, s, s), labels uint8 (b, s, s), outside void."""
    images, maps, side = [], [], settings.crop
    for sample in samples:
        image, truth = dataset.image(sample.id), labels[sample.id]
        top, left = (int(random.integers(max(0, length - side) + 1)) for length in truth.shape)
        image, truth = image[top : top + side, left : left + side], truth[top : top + side, left : left + side]
        missing = [(0, side - length) for length in truth.shape]
        image = np.pad(image, [*missing, (0, 0)], mode="edge")
        truth = np.pad(truth, missing, constant_values=VOID)
        turn = slice(None, None, -1 if random.random() < 0.5 else 1)
        images.append(torch.from_numpy(image[:, turn].copy()).permute(2, 0, 1))
        maps.append(torch.from_numpy(truth[:, turn].copy()))
    return torch.stack(images), torch.stack(maps)


def jittered(images: Tensor, amount: float, random: np.random.Generator) -> Tensor:
    """The distorted copies: brightness and contrast changed, each image by factors of its own."""
    factors = torch.from_numpy(random.uniform(1 - amount, 1 + amount, (2, len(images), 1, 1, 1))).float()
    grey = images.float().mean((1, 2, 3), keepdim=True)
    return ((images * factors[0] - grey) * factors[1] + grey).clamp(0, 255).round().to(torch.uint8)


if __name__ == "__main__":
    raise SystemExit(pretrain())
