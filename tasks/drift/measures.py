"""What is measured of an image, one row each: brightness and the like, class shares, features, the champion's uncertainty.

Rows are kept by the image's content in .work/drift, so that an unchanged image is not read again.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap
from segmend.stage.cache import Cache, code_digest

LOOKS = ("brightness", "contrast", "saturation", "sharpness")
DOUBT = ("uncertainty", "uncertainty of the doubtful regions")
GRID = 8  # regions along either side of an image; superpixels of new images are not there yet when drift is asked


class Measured(NamedTuple):
    """A measure of n images: one row each."""

    title: str
    columns: tuple[str, ...]
    new: Float64[np.ndarray, "n d"]
    promoted: Float64[np.ndarray, "m d"]
    whole: bool = False  # single columns mean nothing


class Side(NamedTuple):
    """A data set and those of its images that are looked at."""

    data: Dataset
    samples: Sequence[Sample]


def looks(image: UInt8[np.ndarray, "h w 3"]) -> Float64[np.ndarray, "4"]:
    """Mean and deviation of the luma in 0..1, mean of max - min of the channels in 0..1, log of the mean Laplacian of the luma."""
    rgb = image.astype(np.float64) / 255
    luma = rgb @ (0.299, 0.587, 0.114)
    inner = luma[1:-1, 1:-1]
    edges = np.abs(4 * inner - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:])
    sharpness = np.log(1e-4 + (edges.mean() if edges.size else 0.0))
    return np.array([luma.mean(), luma.std(), (rgb.max(2) - rgb.min(2)).mean(), sharpness])


def shares(mask: LabelMap, classes: int) -> Float64[np.ndarray, " k"]:
    """The share of each class among the pixels that have one, then the share without a label among those that are not void."""
    counts = np.bincount(mask.ravel(), minlength=256)
    labelled = counts[:classes].sum()
    rest = mask.size - counts[VOID]
    return np.append(counts[:classes] / max(labelled, 1), counts[UNLABELLED] / max(rest, 1))


def rows(
    sides: tuple[Side, Side], cache: Cache, measure: Callable[[UInt8[np.ndarray, "h w 3"]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """One row an image, by what a function says of it."""

    def of(side: Side) -> np.ndarray:
        found = [
            cache.get([s.image_sha256], lambda s=s: {"row": measure(side.data.image(s.id))})["row"]  # type: ignore[misc]
            for s in side.samples
        ]
        return np.stack(found) if found else np.zeros((0, 0))

    return of(sides[0]), of(sides[1])


def of_looks(sides: tuple[Side, Side]) -> Measured:
    return Measured("looks of the images", LOOKS, *rows(sides, Cache("drift", ["looks", code_digest(__name__)]), looks))


def of_classes(sides: tuple[Side, Side]) -> Measured:
    """Of the given masks of both, as nobody has corrected those of new images."""
    classes = sides[0].data.classes

    def of(side: Side) -> np.ndarray:
        found = [shares(side.data.mask(s.id), len(classes)) for s in side.samples if side.data.has_mask(s.id)]
        return np.stack(found) if found else np.zeros((0, len(classes) + 1))

    return Measured("class shares of the given masks", (*classes, "unlabelled"), of(sides[0]), of(sides[1]))


def of_features(sides: tuple[Side, Side]) -> Measured:
    """The means over the image of what a frozen ImageNet encoder sees."""
    from segmend.network.features import CHANNELS, STRIDES, Encoder

    encoder = Encoder()

    def measure(image: UInt8[np.ndarray, "h w 3"]) -> np.ndarray:
        seen = encoder(image)
        means = [m.astype(np.float64).mean((1, 2)) * s / 127 for m, s in zip(seen.maps, seen.scales, strict=True)]
        return np.concatenate(means)

    columns = tuple(f"stride {s}, channel {k}" for s, n in zip(STRIDES, CHANNELS, strict=True) for k in range(n))
    cache = Cache("drift", ["features", code_digest(__name__), str(encoder.cache.folder)])
    return Measured("features of EfficientNet-Lite0", columns, *rows(sides, cache, measure), whole=True)


def doubt(surest: Float32[np.ndarray, "h w"]) -> Float64[np.ndarray, "2"]:
    """1 - the largest class probability, in 0..1: the mean over the image, and that of its regions which a tenth of them exceed.

    Regions are the cells of a grid of GRID x GRID, fewer where the image has fewer pixels a side. An object of a new kind fills a few
    of them, and the mean over the image hardly moves.
    """
    rows, columns = (np.linspace(0, side, min(GRID, side), endpoint=False).astype(np.int64) for side in surest.shape)
    sums = np.add.reduceat(np.add.reduceat(1 - surest.astype(np.float64), rows, 0), columns, 1)
    sizes = np.outer(np.diff(rows, append=surest.shape[0]), np.diff(columns, append=surest.shape[1]))
    return np.array([sums.sum() / surest.size, np.quantile(sums / sizes, 0.9)])


def of_uncertainty(sides: tuple[Side, Side], network: Path) -> Measured:
    """Of the image and of its doubtful regions. Of the promoted data only what the network did not learn from: it is surer of what it
    learned."""
    from segmend.network.inference import Predictor

    predictor = Predictor(network)
    unlearned = sides[1]._replace(samples=[s for s in sides[1].samples if s.split == "test"])

    def measure(image: UInt8[np.ndarray, "h w 3"]) -> np.ndarray:
        return doubt(predictor(image).max(0))

    weights = sha256((network / "weights.safetensors").read_bytes()).hexdigest()
    key = ["uncertainty", code_digest(__name__), weights, f"{predictor.device.type} {predictor.precision}"]
    found = rows((sides[0], unlearned), Cache("drift", key), measure)
    return Measured("the champion's uncertainty", DOUBT, *found)
