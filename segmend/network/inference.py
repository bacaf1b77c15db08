"""A saved network and images -> class probabilities, streamed; never a dense archive on disk."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, UInt8

from segmend.images.dataset import Dataset, Sample
from segmend.network.device import device, precision
from segmend.network.segmenter import load, normalise
from segmend.stage.events import progress

BATCH_PIXELS = 2**19  # images of equal size go together up to this many pixels: more gains nothing and costs memory


class Predictor:
    """A trained network as a function of images."""

    def __init__(self, folder: Path):
        self.device = device()
        self.precision = precision(self.device)
        self.network, self.card = load(folder, self.device)
        self.classes = self.card.classes

    def __call__(self, image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "k h w"]:
        """The class probabilities of each pixel; they sum to 1."""
        return self.batch(image[None])[0]

    @torch.inference_mode()
    def batch(self, images: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n k h w"]:
        x = normalise(torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2), self.card)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            logits = self.network(x)
        return self.network.probabilities(logits).cpu().numpy()

    @torch.inference_mode()
    def with_features(
        self, image: UInt8[np.ndarray, "h w 3"]
    ) -> tuple[Float32[np.ndarray, "k h w"], Float32[np.ndarray, "d h w"]]:
        """The class probabilities of each pixel, and its features: what the classifier is given, of length 1 (or 0)."""
        x = normalise(torch.from_numpy(image[None]).to(self.device).permute(0, 3, 1, 2), self.card)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            logits, features = self.network.with_features(x)
        return self.network.probabilities(logits)[0].cpu().numpy(), features[0].cpu().numpy()

    @torch.inference_mode()
    def views(
        self, image: UInt8[np.ndarray, "h w 3"], scales: tuple[float, ...], flip: bool
    ) -> Float32[np.ndarray, "v k h w"]:
        """The class probabilities of each pixel in several views, the image as it is first: then flipped, then at each scale.

        Views are flipped back and their logits resized to the image: v = (1 + scales) * (2 with flip).
        """
        x = normalise(torch.from_numpy(image[None]).to(self.device).permute(0, 3, 1, 2), self.card)
        size, probabilities = x.shape[-2:], []
        for scale in (1.0, *scales):
            here = x
            if scale != 1:
                sides = [max(1, round(scale * side)) for side in size]
                here = F.interpolate(x, size=sides, mode="bilinear", align_corners=False, antialias=scale < 1)
            here = torch.cat([here, here.flip(-1)]) if flip else here
            with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
                logits = self.network(here.contiguous(memory_format=torch.channels_last)).float()
            logits = torch.cat([logits[:1], logits[1:].flip(-1)])
            if scale != 1:
                logits = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
            probabilities.append(self.network.probabilities(logits))
        return torch.cat(probabilities).cpu().numpy()


def stream(
    folder: Path,
    dataset: Dataset,
    samples: Iterable[Sample],
    features: bool = False,
    views: tuple[tuple[float, ...], bool] | None = None,
) -> Iterator[tuple[Any, ...]]:
    """Each sample, in order, with its probabilities float32 (k, h, w), and on demand a third thing: its features float32
    (d, h, w), or its probabilities in several views (scales, flip or not) float32 (v, k, h, w).

    Neighbours of equal size are predicted together, with features or views one by one: these are many numbers.
    """
    predictor, samples = Predictor(folder), list(samples)
    if predictor.classes != dataset.classes:
        raise ValueError(
            f"{folder} was trained for the classes {', '.join(predictor.classes)}, but {dataset.folder} has "
            f"{', '.join(dataset.classes)}; run the stage train"
        )

    def predicted() -> Iterator[tuple[Any, ...]]:
        if features:
            for sample in samples:
                yield sample, *predictor.with_features(dataset.image(sample.id))
            return
        if views is not None:
            for sample in samples:
                every = predictor.views(dataset.image(sample.id), *views)
                yield sample, every[0], every
            return
        for some in grouped(samples):
            images = np.stack([dataset.image(sample.id) for _, sample in some])
            yield from zip([sample for _, sample in some], predictor.batch(images), strict=True)

    yield from progress(predicted(), len(samples), "prediction")


def grouped(samples: Iterable[Sample]) -> Iterator[list[tuple[int, Sample]]]:
    """Numbered samples, in order, neighbours of equal size together as far as BATCH_PIXELS allows."""
    for (height, width), equals in groupby(
        enumerate(samples), key=lambda numbered: (numbered[1].height, numbered[1].width)
    ):
        while some := list(islice(equals, max(1, BATCH_PIXELS // (height * width)))):
            yield some
