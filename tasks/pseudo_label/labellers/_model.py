"""What a labeller that runs a model is given and gives back, and how images go through it: in batches, kept, resumable.

Such a labeller has `build(context)` instead of a call: it loads its model once and returns a `Model`.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from json import dumps
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from segmend.answers.answers import Answer
from segmend.images.dataset import Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, RegionMap
from segmend.stage.cache import Cache, Part, code_digest
from segmend.stage.events import progress
from segmend.stage.params import Method

BATCH = 4  # images of equal size that go through a model together; foundation models enlarge what is small


class Item(NamedTuple):
    """One image with its given mask, if it has one, and its regions."""

    image: UInt8[np.ndarray, "h w 3"]
    mask: LabelMap | None
    regions: RegionMap


class ModelLabels(NamedTuple):
    """What a model predicts for one image; `scores` are soft scores in 0..1, the mean over each region for each class."""

    labels: LabelMap
    scores: Float32[np.ndarray, "k classes"]
    objects: RegionMap | None = None  # masks of single objects, ids from 0, NO_REGION where there is none


class LabellerContext(NamedTuple):
    """Where and for what a model is built."""

    classes: tuple[str, ...]
    device: Any  # torch.device
    precision: Any  # torch.dtype that autocast uses; float32 switches it off
    seed: int = 0
    train: tuple[str, ...] = ()  # ids of the train images: what labelled regions may be taken from
    item: Callable[[str], Item] | None = None
    answers: tuple[Answer, ...] = ()


class Model(NamedTuple):
    """A labeller ready to run."""

    run: Callable[[Sequence[Item]], list[ModelLabels]]
    cards: list[dict[str, Any]]  # of each model: id, revision, the sha256 of its files
    objects: bool = False  # whether it draws objects


def key_of(method: Method, model: Model, context: LabellerContext) -> Iterator[Part]:
    """What results depend on beside the image: settings, weights, classes, machine, libraries, code."""
    import torch
    import transformers

    yield dumps([method.model_dump(), model.cards, context.classes], sort_keys=True).encode()
    yield f"{context.device.type} {context.precision} {torch.__version__} {transformers.__version__}".encode()
    yield code_digest(type(method).__module__)


def batches(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Neighbours of equal size together; always the same ones, so that a resumed run computes the same bits."""
    for _, equals in groupby(samples, key=lambda sample: (sample.height, sample.width)):
        while some := list(islice(equals, BATCH)):
            yield some


def stream(model: Model, kept: Cache, samples: Sequence[Sample], item: Callable[[str], Item]) -> Iterator[ModelLabels]:
    """The model's labels of each sample, in order; those computed before a stop are read from the cache."""

    def results() -> Iterator[ModelLabels]:
        for some in batches(samples):
            items = [item(sample.id) for sample in some]
            paths = [kept.path(entry) for entry in items]
            if not all(path.is_file() for path in paths):
                for path, result in zip(paths, model.run(items), strict=True):
                    kept.write(path, result._asdict())
            yield from (voided(ModelLabels(**kept.read(path)), entry) for path, entry in zip(paths, items, strict=True))

    yield from progress(results(), len(samples), "first labels")
    kept.trim()


def voided(result: ModelLabels, item: Item) -> ModelLabels:
    """Void pixels of the given mask stay void, whatever the model predicts."""
    if item.mask is None:
        return result
    return result._replace(labels=np.where(item.mask == VOID, np.uint8(VOID), result.labels))


def confidence(result: ModelLabels, majority: UInt8[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """The mean soft score of each region's majority label; 0 where it has none."""
    if not len(majority):
        return np.zeros(0, np.float32)
    known = majority < UNLABELLED
    rows = np.arange(len(majority))
    return np.where(known, result.scores[rows, np.where(known, majority, 0)], 0).clip(0, 1).astype(np.float32)
