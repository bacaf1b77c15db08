"""What does the training loop cost, beside the arithmetic that any loop has?

    python -m benchmarks.throughput

The loop of the stage train against a bare PyTorch loop, written out below: same network, weights, batches, precision, loss,
optimizer and learning rate, data in memory, no augmentation. They take turns step by step in one process (set
OMP_NUM_THREADS=1 where other work runs), so that what else the machine does hits both alike. Then a SAM step against a
plain one in the same way, and last the loop as the stage runs it, with files read ahead by another process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from os import chdir
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.claims import Claim, arguments, cells, plus_minus, spread, write
from segmend.images.dataset import Card, Dataset, Labels, Sample, write_card, write_samples
from segmend.network.device import device, precision
from segmend.training.checkpoints import Checkpoints
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.engine import loop
from tasks.train.engine.dataloader import Batch
from tasks.train.engine.label_statistics import label_statistics
from tasks.train.engine.state import start
from tasks.train.settings import Params

SIDE, BATCH, IMAGES = 112, 4, 32  # the default recipe's crop and batch
CARD = Card(
    name="blocks",
    classes=("a", "b", "c"),
    colours=((0, 0, 0), (200, 80, 0), (0, 120, 200)),
    mean=(0.4, 0.4, 0.4),
    deviation=(0.2, 0.2, 0.2),
)
EPOCHS = 12
STEPS = EPOCHS * IMAGES // BATCH
YOUNG = 5  # the first steps, when memory is asked for and code is loaded, do not count

PAGE = """# What does the training loop cost?

`python -m benchmarks.throughput`: the default U-Net, batches of {batch} made-up images of {side} x {side} pixels with three
classes, cross entropy, AdamW, {steps} steps a repetition, precision {kind}, {threads} thread(s). Mean ± standard deviation over
{repetitions} repetitions; a repetition's ratio is one of median times per step. The two that are compared take turns step by
step. Other work ran on the same machine.

| step | milliseconds | times the plain one it took turns with |
|---|---|---|
| bare PyTorch loop, data in memory | {bare} | 1 |
| our loop, data in memory | {ours} | {ours_ratio} |
| our loop with SAM, data in memory | {sam} | {sam_ratio} |
| our loop as the stage runs it (files, one reader, in turns with nobody) | {files} | |

Of the last one {waiting} of the time went by waiting for data; a training writes this share into its record and sends it to the
dashboard.
"""


def batches() -> list[Batch]:
    """Blocks of three classes with noise, some void."""
    random = np.random.default_rng(0)
    labels = np.kron(random.integers(0, 3, (IMAGES, SIDE // 16, SIDE // 16)), np.ones((16, 16), int)).astype(np.uint8)
    images = 40 + 60 * labels[..., None] + random.integers(0, 60, (*labels.shape, 3))
    labels[:, :4] = 255
    pictures = torch.from_numpy(images.astype(np.uint8)).permute(0, 3, 1, 2)
    parts = zip(pictures.split(BATCH), torch.from_numpy(labels).split(BATCH), strict=True)
    return [Batch(image, PixelMaps(label), torch.zeros((BATCH, 0, 3), dtype=torch.bool)) for image, label in parts]


def files(root: Path) -> tuple[Dataset, Labels]:
    """The same pictures as a dataset on disk: with a val split of nobody, so that steps are all there is."""
    samples = []
    for part, batch in enumerate(batches()):
        for k, (image, labels) in enumerate(zip(batch.images, batch.maps.labels, strict=True)):
            name, picture = f"{part:02d}{k}", image.permute(1, 2, 0).numpy()
            path = root / "dataset" / "images" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
            Labels(root / "labels").write(name, labels.numpy(), CARD)
            samples.append(Sample(name, "train", SIDE, SIDE, sha256(picture.tobytes()).hexdigest(), ""))
    write_card(root / "dataset", CARD)
    write_samples(root / "dataset", samples)
    return Dataset(root / "dataset"), Labels(root / "labels")


class Bare:
    """The loop as one writes it by hand, one step a call."""

    def __init__(self, settings: Params):
        self.device, kind = device(), precision(device())
        self.amp = torch.autocast(self.device.type, kind, enabled=kind != torch.float32)
        state = start(settings, 0, 3, self.device, kind)
        self.network, self.optimizer = state.network, state.optimizer
        self.mean, self.deviation = (
            torch.tensor(v, device=self.device).view(3, 1, 1) for v in (CARD.mean, CARD.deviation)
        )
        self.total = torch.zeros((), device=self.device)

    def step(self, images: Tensor, labels: Tensor) -> None:
        x = (images.to(self.device).float() / 255 - self.mean) / self.deviation
        with self.amp:
            logits = self.network(x.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), labels.to(self.device).long(), ignore_index=255)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.total += loss.detach()


@dataclass
class Turns:
    """Stands in for the reader of training data: before each batch it lets the other one take the same step."""

    other: Any  # its `step` gets images and labels
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def reading(self, *_: Any) -> Iterator[Batch]:
        every = batches()
        for number in range(STEPS):
            batch = every[number % len(every)]
            begin = perf_counter()
            self.other.step(batch.images, batch.maps.labels)
            synchronise()
            self.theirs.append(perf_counter() - begin)
            begin = perf_counter()
            yield batch
            synchronise()
            self.ours.append(perf_counter() - begin)

    def medians(self) -> tuple[float, float]:
        return median(self.ours[YOUNG:]), median(self.theirs[YOUNG:])


def synchronise() -> None:
    """Wait until the device has finished its queue."""
    if device().type == "cuda":
        torch.cuda.synchronize()


class Plain:
    """A plain step of ours, in turns with a SAM step of ours."""

    def __init__(self, settings: Params):
        self.device, kind = device(), precision(device())
        state = start(settings, 0, 3, self.device, kind)
        state.running = state.running.to(self.device)
        amp = torch.autocast(self.device.type, kind, enabled=kind != torch.float32)
        third = torch.full((3,), 1 / 3, device=self.device)
        self.train_step = loop.TrainStep(settings, state, state.network, CARD, third, amp)

    def step(self, images: Tensor, labels: Tensor) -> None:
        batch = Batch(images, PixelMaps(labels), torch.zeros((BATCH, 0, 3), dtype=torch.bool))
        self.train_step.step([batch.to(self.device)], 0.5)


def trained(settings: Params, root: Path, turns: Turns | None) -> float:
    """The stage's loop over all steps; the share of its time that went by waiting for data."""
    dataset, labels = Dataset(root / "dataset"), Labels(root / "labels")
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(StringIO()))
        if turns:
            stack.enter_context(patch.object(loop, "training", turns.reading))
        data = label_statistics(dataset, labels)
        checkpoints = Checkpoints([settings.model_dump_json().encode(), b"throughput"])
        state = loop.train(settings, 0, dataset, labels, data, None, checkpoints)
    checkpoints.remove()
    return state.data_wait


def measure(repetition: int) -> dict[str, Any]:
    common = {"epochs": EPOCHS, "batch": BATCH, "augmentations": (), "validate_every": EPOCHS, "use": "last"}
    plain = Params(**common)
    sam = Params(**common, sharpness={"name": "sam"})
    with TemporaryDirectory() as folder:
        before = Path.cwd()
        chdir(folder)
        try:
            files(Path(folder))
            bare = Turns(Bare(plain))
            trained(plain, Path(folder), bare)
            climbing = Turns(Plain(plain))
            trained(sam, Path(folder), climbing)
            begin = perf_counter()
            waiting = trained(plain, Path(folder), None)
            seconds = perf_counter() - begin
        finally:
            chdir(before)
    ours, theirs = bare.medians()
    slow, quick = climbing.medians()
    row = {"ours": ours, "bare": theirs, "sam": slow, "plain": quick, "files": seconds / STEPS, "waiting": waiting}
    return {**row, "threads": torch.get_num_threads(), "kind": str(precision(device())).removeprefix("torch.")}


def main() -> None:
    chosen = arguments("throughput", __doc__, repetitions={"type": int, "default": 5, "help": "how often (5)"})
    rows = cells("throughput", [{"repetition": k} for k in range(chosen.repetitions)], measure)
    reached = [row["bare"] / row["ours"] for row in rows]
    climb = [row["sam"] / row["plain"] for row in rows]

    def milliseconds(name: str) -> str:
        return plus_minus([1000 * row[name] for row in rows], 1)

    write(
        "throughput",
        [
            Claim(
                "our loop's throughput, as a share of a bare PyTorch loop's",
                "at least 0.95",
                mean(reached),
                len(rows),
                spread(reached),
                mean(reached) >= 0.95,
            ),
            Claim(
                "a SAM step, in plain steps", "at most 2.1", mean(climb), len(rows), spread(climb), mean(climb) <= 2.1
            ),
        ],
        PAGE.format(
            batch=BATCH,
            side=SIDE,
            steps=STEPS,
            kind=rows[0]["kind"],
            threads=rows[0]["threads"],
            repetitions=len(rows),
            **{name: milliseconds(name) for name in ("bare", "ours", "sam", "files")},
            ours_ratio=plus_minus([1 / share for share in reached], 3),
            sam_ratio=plus_minus(climb, 3),
            waiting=plus_minus([100 * row["waiting"] for row in rows], 1) + " %",
        ),
    )


if __name__ == "__main__":
    main()
