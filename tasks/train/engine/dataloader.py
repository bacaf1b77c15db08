"""Training data as an endless stream of places, read image by image: no stage holds all images in memory.

Place p of the stream is image order[p % n] of epoch p // n, where each epoch has its own random order. What a place holds (image
and augmentation) depends on the seed and p alone: so any number of reading processes gives the same bytes, and training that
goes on after a crash only needs the number of its step.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int32, Int64, UInt8
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Readable

from segmend.answers.answers import Answer
from segmend.answers.candidate_sets import candidates
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import VOID
from segmend.network.inference import grouped
from tasks.train.api.distributed import Alone, Several, readers
from tasks.train.settings import Params

Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
One = tuple[Tensor, Tensor, Tensor]  # image (3, h, w), labels (h, w) or with cells, trust, given (4, h, w), sets (m, K)


class Batch(NamedTuple):
    images: UInt8[Tensor, "b 3 h w"]
    labels: UInt8[Tensor, "b h w"] | Int32[Tensor, "b h w"]  # class ids, UNLABELLED, VOID; with sets int32
    candidates: Bool[Tensor, "b m c"]  # the sets of each image: m = 0 unless the loss learns from sets
    cells: Int32[Tensor, "b h w"] | None = None  # where a loss has a memory: the cell of the training set
    trust: Int32[Tensor, "b h w"] | None = None  # where asked for: how much a label is trusted, 0..255
    given: Int32[Tensor, "b h w"] | None = None  # where labels were corrected in training: the given ones, without sets


class Stream(Readable):
    """Place -> augmented image and labels."""

    def __init__(
        self,
        dataset: Dataset,
        labels: Labels,
        samples: list[Sample],
        augmentations: tuple[Change, ...],
        seed: int,
        answers: dict[str, list[Answer]] | None = None,
        grid: int = 0,
        trust: bool = False,
        given: Labels | None = None,
    ):
        self.dataset, self.labels, self.samples, self.answers = dataset, labels, samples, answers or {}
        self.augmentations, self.seed = augmentations, seed
        self.order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))
        self.grid, self.trust, self.given = grid, trust, given
        self.first = first_cells(samples, grid) if grid else np.zeros(len(samples), np.int64)

    def number(self, place: int) -> int:
        epoch, position = divmod(place, len(self.samples))
        if self.order[0] != epoch:
            self.order = epoch, np.random.default_rng((self.seed, epoch)).permutation(len(self.samples))
        return int(self.order[1][position])

    def sample(self, place: int) -> Sample:
        return self.samples[self.number(place)]

    def __getitem__(self, place: int) -> One:
        number = self.number(place)
        sample = self.samples[number]
        image, labels, sets = read(self.dataset, self.labels, sample, self.answers.get(sample.id, ()))
        if self.grid or self.trust or self.given:
            # They are moved as the labels are, so they ride along as further layers.
            height, width = labels.shape
            nothing = torch.zeros_like(labels)
            cells = cells_of(height, width, self.grid, int(self.first[number])) if self.grid else nothing
            trust = torch.from_numpy(self.labels.trust(sample.id, labels.shape)) if self.trust else nothing
            given = torch.from_numpy(self.given[sample.id]) if self.given else labels
            labels = torch.stack([labels.int(), cells.int(), trust.int(), given.int()])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed_of(self.seed, place))
            for augmentation in self.augmentations:
                image, labels = augmentation(image, labels)
        return image, labels, sets


class Whole(Readable):
    """Number of a sample -> image and labels as they are, for validation."""

    def __init__(self, dataset: Dataset, labels: Labels, samples: list[Sample]):
        self.dataset, self.labels, self.samples = dataset, labels, samples

    def __getitem__(self, number: int) -> One:
        return read(self.dataset, self.labels, self.samples[number])


def read(dataset: Dataset, labels: Labels, sample: Sample, answers: Sequence[Answer] = ()) -> One:
    """uint8 (3, h, w) and (h, w), no sets; where answers hold sets, these are in the map, which is int32 then."""
    maps, sets = labels[sample.id], np.zeros((0, len(dataset.classes)), bool)
    if answers:
        maps, sets = candidates(maps, answers, dataset.classes)
    return torch.from_numpy(dataset.image(sample.id)).permute(2, 0, 1), torch.from_numpy(maps), torch.from_numpy(sets)


def first_cells(samples: Sequence[Sample], grid: int) -> Int64[np.ndarray, " n"]:
    """The number of each image's first cell, where images are cut into cells of `grid` pixels side by side."""
    each = [-(-sample.height // grid) * -(-sample.width // grid) for sample in samples]
    return np.cumsum([0, *each[:-1]]).astype(np.int64)


def cells_in(samples: Sequence[Sample], grid: int) -> int:
    """How many cells of `grid` pixels all images have together; 0 where there is no grid."""
    return sum(-(-sample.height // grid) * -(-sample.width // grid) for sample in samples) if grid else 0


def cells_of(height: int, width: int, grid: int, first: int) -> Int64[Tensor, "h w"]:
    """The number of each pixel's cell, row by row from `first`."""
    rows, columns = torch.arange(height)[:, None] // grid, torch.arange(width)[None] // grid
    return first + rows * -(-width // grid) + columns


def seed_of(seed: int, place: int) -> int:
    """A seed for the augmentation of one place: a hash, since neighbouring seeds give related numbers."""
    return int.from_bytes(sha256(f"{seed} {place}".encode()).digest()[:7], "big")


class Places:
    """The places of each numbered batch; with several processes, one process's share of every batch."""

    def __init__(self, numbers: range, batch: int, rank: int, world: int):
        self.numbers, self.batch, self.rank, self.world = numbers, batch, rank, world

    def __iter__(self) -> Iterator[list[int]]:
        for number in self.numbers:
            yield list(range(number * self.batch + self.rank, (number + 1) * self.batch, self.world))


def together(ones: list[One]) -> Batch:
    """A batch as large as its largest image; smaller ones are continued by their border, with void labels."""
    height, width = (max(labels.shape[side] for _, labels, _ in ones) for side in (-2, -1))
    most = max(len(sets) for _, _, sets in ones)
    images, maps, tables = [], [], []
    for image, labels, sets in ones:
        missing = (0, width - labels.shape[-1], 0, height - labels.shape[-2])
        if any(missing):
            image, labels = F.pad(image, missing, mode="replicate"), F.pad(labels, missing, value=VOID)
        images.append(image)
        maps.append(labels.int() if most else labels)
        tables.append(F.pad(sets, (0, 0, 0, most - len(sets))))
    every, sets = torch.stack(maps), torch.stack(tables)
    if every.ndim == 3:
        return Batch(torch.stack(images), every, sets)
    return Batch(torch.stack(images), every[:, 0], sets, *every.unbind(1)[1:])


def loader(source: Readable, batches: Iterable[list[int]], here: Alone | Several, again: bool = False) -> DataLoader:
    """Batches read ahead by processes of their own; `again` keeps these for the next pass.

    There is always at least one such process: it has one thread, so sums inside an augmentation come out alike for any
    number of them.
    """
    return DataLoader(
        source,
        batch_sampler=batches,
        num_workers=readers(here),
        collate_fn=together,
        persistent_workers=again,
        pin_memory=here.device.type == "cuda",
        generator=torch.Generator(),  # else each pass draws from the global one, and a resumed training draws differently
    )


def training(
    dataset: Dataset,
    labels: Labels,
    samples: list[Sample],
    settings: Params,
    seed: int,
    span: range,
    here: Alone | Several,
    answers: dict[str, list[Answer]] | None = None,
    given: Labels | None = None,
) -> Iterator[Batch]:
    """The batches of the steps in `span`, `settings.accumulate` of them for each; `answers` of images with sets.

    `given`: where `labels` were corrected in training, those they were made from.
    """
    grid, trust = settings.loss.cell_side(), settings.selection.wants_trust
    source = Stream(dataset, labels, samples, settings.augmentations, seed, answers, grid, trust, given)
    numbers = range(span.start * settings.accumulate, span.stop * settings.accumulate)
    return iter(loader(source, Places(numbers, settings.batch, here.rank, here.world), here))


def validation(dataset: Dataset, labels: Labels, samples: list[Sample], here: Alone | Several) -> Iterable[Batch]:
    """Whole images, neighbours of equal size together; may be passed through again and again. Sets are not read here."""
    every = [[number for number, _ in group] for group in grouped(samples)]
    return loader(Whole(dataset, labels, samples), every[here.rank :: here.world], here, again=True)
