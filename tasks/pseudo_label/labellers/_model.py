"""What a labeller that runs a model is given and gives back, and how images go through it: in batches, kept, resumable.

Such a labeller has `build(place)` instead of a call: it loads its model once and returns a `Model`.
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


class Found(NamedTuple):
    """What a model says of one image; `scores` are soft scores in 0..1, the mean over each region for each class."""

    labels: LabelMap
    scores: Float32[np.ndarray, "k classes"]
    objects: RegionMap | None = None  # masks of single objects, ids from 0, NO_REGION where there is none


class Place(NamedTuple):
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

    run: Callable[[Sequence[Item]], list[Found]]
    cards: list[dict[str, Any]]  # of each model: id, revision, the sha256 of its files
    objects: bool = False  # whether it draws objects


def key_of(method: Method, model: Model, place: Place) -> Iterator[Part]:
    """What results depend on beside the image: settings, weights, classes, machine, libraries, code."""
    import torch
    import transformers

    yield dumps([method.model_dump(), model.cards, place.classes], sort_keys=True).encode()
    yield f"{place.device.type} {place.precision} {torch.__version__} {transformers.__version__}".encode()
    yield code_digest(type(method).__module__)


def batches(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Neighbours of equal size together; always the same ones, so that a resumed run computes the same bits."""
    for _, equals in groupby(samples, key=lambda one: (one.height, one.width)):
        while some := list(islice(equals, BATCH)):
            yield some


def stream(model: Model, kept: Cache, samples: Sequence[Sample], item: Callable[[str], Item]) -> Iterator[Found]:
    """What the model says of each sample, in order; what was worked out before a stop is read, not made again."""

    def found() -> Iterator[Found]:
        for some in batches(samples):
            items = [item(sample.id) for sample in some]
            paths = [kept.path(one) for one in items]
            if not all(path.is_file() for path in paths):
                for path, one in zip(paths, model.run(items), strict=True):
                    kept.write(path, one._asdict())
            yield from (voided(Found(**kept.read(path)), one) for path, one in zip(paths, items, strict=True))

    yield from progress(found(), len(samples), "first labels")
    kept.trim()


def voided(found: Found, item: Item) -> Found:
    """Void pixels of the given mask stay void, whatever the model says."""
    if item.mask is None:
        return found
    return found._replace(labels=np.where(item.mask == VOID, np.uint8(VOID), found.labels))


def confidence(found: Found, majority: UInt8[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """The mean soft score of each region's majority label; 0 where it has none."""
    if not len(majority):
        return np.zeros(0, np.float32)
    known = majority < UNLABELLED
    rows = np.arange(len(majority))
    return np.where(known, found.scores[rows, np.where(known, majority, 0)], 0).clip(0, 1).astype(np.float32)
