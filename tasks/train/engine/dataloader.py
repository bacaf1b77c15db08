"""Training data as an endless stream of samples, loaded image by image: no stage holds all images in memory.

Position p of the stream is image order[p % n] of epoch p // n, where each epoch has its own random order. The sample at a
position (image and augmentation) depends on the seed and p alone: so any number of loading processes gives the same bytes, and
a training that is resumed only needs the number of its step.
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
from torch.utils.data import Dataset as TorchDataset

from segmend.answers.answers import Answer
from segmend.answers.candidate_sets import candidates
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.network.inference import grouped
from tasks.train.api import distributed
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.settings import Params

Augmentation = Callable[[Tensor, PixelMaps], tuple[Tensor, PixelMaps]]


class Item(NamedTuple):
    """One image before it is batched."""

    image: UInt8[Tensor, "3 h w"]
    maps: PixelMaps
    candidates: Bool[Tensor, "m c"]


class Batch(NamedTuple):
    images: UInt8[Tensor, "b 3 h w"]
    maps: PixelMaps
    candidates: Bool[Tensor, "b m c"]  # the sets of classes of each image: m = 0 unless the loss learns from sets

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device; copies from pinned memory are asynchronous."""

        def moved(values: Tensor) -> Tensor:
            return values.to(device, non_blocking=True)

        return Batch(moved(self.images), self.maps.apply(moved), moved(self.candidates))


class Stream(TorchDataset):
    """Position -> augmented image and maps."""

    def __init__(
        self,
        dataset: Dataset,
        labels: Labels,
        samples: list[Sample],
        augmentations: tuple[Augmentation, ...],
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
        self.first_cells = first_cells(samples, grid) if grid else np.zeros(len(samples), np.int64)

    def number(self, position: int) -> int:
        epoch, offset = divmod(position, len(self.samples))
        if self.order[0] != epoch:
            self.order = epoch, np.random.default_rng((self.seed, epoch)).permutation(len(self.samples))
        return int(self.order[1][offset])

    def sample(self, position: int) -> Sample:
        return self.samples[self.number(position)]

    def __getitem__(self, position: int) -> Item:
        number = self.number(position)
        sample = self.samples[number]
        image, maps, sets = read(self.dataset, self.labels, sample, self.answers.get(sample.id, ()))
        height, width = shape = maps.labels.shape
        if self.grid:
            maps = maps._replace(cells=cells_of(height, width, self.grid, int(self.first_cells[number])))
        if self.trust:
            maps = maps._replace(trust=torch.from_numpy(self.labels.trust(sample.id, shape)))
        if self.given:
            maps = maps._replace(given=torch.from_numpy(self.given[sample.id]))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed_of(self.seed, position))
            for augmentation in self.augmentations:
                image, maps = augmentation(image, maps)
        return Item(image, maps, sets)


class WholeImages(TorchDataset):
    """Number of a sample -> image and labels without augmentation, for validation."""

    def __init__(self, dataset: Dataset, labels: Labels, samples: list[Sample]):
        self.dataset, self.labels, self.samples = dataset, labels, samples

    def __getitem__(self, number: int) -> Item:
        return read(self.dataset, self.labels, self.samples[number])


def read(dataset: Dataset, labels: Labels, sample: Sample, answers: Sequence[Answer] = ()) -> Item:
    """Image and labels as they are on disk; sets of classes that answers give are ids of the map, which is int32 then."""
    label_map, sets = labels[sample.id], np.zeros((0, len(dataset.classes)), bool)
    if answers:
        label_map, sets = candidates(label_map, answers, dataset.classes)
    image = torch.from_numpy(dataset.image(sample.id)).permute(2, 0, 1)
    return Item(image, PixelMaps(torch.from_numpy(label_map)), torch.from_numpy(sets))


def first_cells(samples: Sequence[Sample], grid: int) -> Int64[np.ndarray, " n"]:
    """The number of each image's first cell, where images are cut into cells of `grid` pixels side by side."""
    each = [-(-sample.height // grid) * -(-sample.width // grid) for sample in samples]
    return np.cumsum([0, *each[:-1]]).astype(np.int64)


def cells_in(samples: Sequence[Sample], grid: int) -> int:
    """How many cells of `grid` pixels all images have together; 0 where there is no grid."""
    return sum(-(-sample.height // grid) * -(-sample.width // grid) for sample in samples) if grid else 0


def cells_of(height: int, width: int, grid: int, first: int) -> Int32[Tensor, "h w"]:
    """The number of each pixel's cell, row by row from `first`."""
    rows, columns = torch.arange(height)[:, None] // grid, torch.arange(width)[None] // grid
    return (first + rows * -(-width // grid) + columns).int()


def seed_of(seed: int, position: int) -> int:
    """A seed for the augmentation at one position: a hash, since neighbouring seeds give related numbers."""
    return int.from_bytes(sha256(f"{seed} {position}".encode()).digest()[:7], "big")


class BatchPositions:
    """The positions of each numbered batch; with several processes, one process's share of every batch."""

    def __init__(self, numbers: range, batch: int, rank: int, world_size: int):
        self.numbers, self.batch, self.rank, self.world_size = numbers, batch, rank, world_size

    def __iter__(self) -> Iterator[list[int]]:
        for number in self.numbers:
            yield list(range(number * self.batch + self.rank, (number + 1) * self.batch, self.world_size))


def collate(items: list[Item]) -> Batch:
    """A batch as large as its largest image; smaller ones are continued by their border, with void labels."""
    height, width = (max(item.maps.labels.shape[side] for item in items) for side in (-2, -1))
    most_sets = max(len(item.candidates) for item in items)
    images, maps, tables = [], [], []
    for image, own, sets in items:
        missing = (0, width - own.labels.shape[-1], 0, height - own.labels.shape[-2])
        if any(missing):
            image, own = F.pad(image, missing, mode="replicate"), own.pad(missing)
        images.append(image)
        maps.append(own._replace(labels=own.labels.int()) if most_sets else own)
        tables.append(F.pad(sets, (0, 0, 0, most_sets - len(sets))))
    stacked = (None if column[0] is None else torch.stack(column) for column in zip(*maps, strict=True))
    return Batch(torch.stack(images), PixelMaps(*stacked), torch.stack(tables))  # type: ignore[arg-type]


def loader(source: TorchDataset, batches: Iterable[list[int]], persistent: bool = False) -> DataLoader:
    """Batches loaded ahead by processes of their own; `persistent` keeps these for the next pass.

    There is always at least one such process: it has one thread, so sums inside an augmentation are equal for any number of
    them.
    """
    return DataLoader(
        source,
        batch_sampler=batches,
        num_workers=distributed.loader_workers(),
        collate_fn=collate,
        persistent_workers=persistent,
        pin_memory=distributed.device().type == "cuda",
        generator=torch.Generator(),  # else each pass draws from the global one, and a resumed training draws differently
    )


def training(
    dataset: Dataset,
    labels: Labels,
    samples: list[Sample],
    settings: Params,
    seed: int,
    span: range,
    answers: dict[str, list[Answer]] | None = None,
    given: Labels | None = None,
    whole: bool = False,
) -> Iterator[Batch]:
    """The batches of the steps in `span`, `settings.accumulate` of them for each; `answers` of images with sets.

    `given`: where `labels` were corrected in training, those they were made from. With several processes these are this
    process's share of the batches, or with `whole` all of them.
    """
    grid, trust = settings.loss.cell_side(), settings.selection.wants_trust
    source = Stream(dataset, labels, samples, settings.augmentations, seed, answers, grid, trust, given)
    numbers = range(span.start * settings.accumulate, span.stop * settings.accumulate)
    rank, world_size = (0, 1) if whole else (distributed.rank(), distributed.world_size())
    return iter(loader(source, BatchPositions(numbers, settings.batch, rank, world_size)))


def validation(dataset: Dataset, labels: Labels, samples: list[Sample]) -> Iterable[Batch]:
    """Whole images, neighbours of equal size together; may be passed through again and again. Sets are not read here."""
    groups = [[number for number, _ in group] for group in grouped(samples)]
    own = groups[distributed.rank() :: distributed.world_size()]
    return loader(WholeImages(dataset, labels, samples), own, persistent=True)
