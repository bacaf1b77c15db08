"""A saved network and images -> class probabilities, streamed; never a dense archive on disk.

Which device and precision are used is a matter of the machine: SEGMEND_DEVICE (auto, cpu, cuda, cuda:N, mps) and
SEGMEND_PRECISION (auto, fp32, bf16, fp16).
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from os import environ
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from tasks.dataset import Dataset, Sample
from tasks.network import load, normalise
from tasks.tracking import progress

BATCH_PIXELS = 2**19  # images of equal size go together up to this many pixels: more gains nothing and costs memory
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def device() -> torch.device:
    """The device that SEGMEND_DEVICE asks for; `auto` takes a GPU where there is one."""
    asked = environ.get("SEGMEND_DEVICE", "").strip() or "auto"
    if asked == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    kind, _, number = asked.partition(":")
    known = kind in ("cpu", "cuda", "mps") and (number.isdigit() and kind == "cuda" or not number and asked == kind)
    if not known:
        raise ValueError(f"SEGMEND_DEVICE is '{asked}': auto, cpu, cuda, cuda:N and mps are allowed")
    if kind == "cuda" and (not torch.cuda.is_available() or int(number or 0) >= torch.cuda.device_count()):
        raise ValueError(
            f"SEGMEND_DEVICE is '{asked}', but torch sees {torch.cuda.device_count()} CUDA devices here; use auto or cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError("SEGMEND_DEVICE is 'mps', but torch sees no such device here; use auto or cpu")
    return torch.device(asked)


def precision(place: torch.device) -> torch.dtype:
    """The type that convolutions run in, as SEGMEND_PRECISION asks; `auto` takes bfloat16 where the hardware has it.

    On CPUs that have bfloat16 instructions (AVX-512 BF16, AMX) it halves the time of a step; on others it is emulated and slow.
    """
    asked = environ.get("SEGMEND_PRECISION", "").strip() or "auto"
    if asked not in ("auto", *TYPES):
        raise ValueError(f"SEGMEND_PRECISION is '{asked}': auto, {', '.join(TYPES)} are allowed")
    if asked == "fp16" and place.type == "cpu":
        raise ValueError("SEGMEND_PRECISION is 'fp16', which is for GPUs; on the CPU use auto, bf16 or fp32")
    if asked != "auto":
        return TYPES[asked]
    if place.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    able = torch.cpu.get_capabilities()
    fast = place.type == "cpu" and (able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.bfloat16 if fast else torch.float32


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
        return logits.float().softmax(1).cpu().numpy()

    @torch.inference_mode()
    def with_features(
        self, image: UInt8[np.ndarray, "h w 3"]
    ) -> tuple[Float32[np.ndarray, "k h w"], Float32[np.ndarray, "d h w"]]:
        """The class probabilities of each pixel, and its features: what the classifier is given, of length 1 (or 0)."""
        x = normalise(torch.from_numpy(image[None]).to(self.device).permute(0, 3, 1, 2), self.card)
        with torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32):
            logits, features = self.network.with_features(x)
        return logits.float().softmax(1)[0].cpu().numpy(), features[0].cpu().numpy()


def stream(
    folder: Path, dataset: Dataset, samples: Iterable[Sample], features: bool = False
) -> Iterator[tuple[Any, ...]]:
    """Each sample, in order, with its probabilities float32 (k, h, w) and on demand its features float32 (d, h, w).

    Neighbours of equal size are predicted together, with features one by one: these are many numbers.
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
        for some in grouped(samples):
            images = np.stack([dataset.image(sample.id) for _, sample in some])
            yield from zip([sample for _, sample in some], predictor.batch(images), strict=True)

    yield from progress(predicted(), len(samples), "prediction")


def grouped(samples: Iterable[Sample]) -> Iterator[list[tuple[int, Sample]]]:
    """Numbered samples, in order, neighbours of equal size together as far as BATCH_PIXELS allows."""
    for (height, width), equals in groupby(enumerate(samples), key=lambda one: (one[1].height, one[1].width)):
        while some := list(islice(equals, max(1, BATCH_PIXELS // (height * width)))):
            yield some
