"""The network against the truth of the test split, streaming: one pass over the predictions gives every score."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import LabelMap, is_class
from segmend.metrics.confusion import Confusion
from tasks.evaluate.boundary_iou import Boundary
from tasks.evaluate.calibration import Calibration
from tasks.evaluate.settings import Params


class Row(NamedTuple):
    """One image. `image_miou` is the mean over the classes in this image; the data set's mIoU is not its mean."""

    image: str
    split: str
    image_miou: float | None
    pixel_accuracy: float | None
    wrong_pixels: int | None
    pixels: int | None  # with truth
    uncertainty: float  # mean of 1 - probability of the predicted class


class Shown(NamedTuple):
    """What is kept of an image that will be shown."""

    prediction: LabelMap
    uncertainty: UInt8[np.ndarray, "h w"]  # 255 times 1 - probability of the predicted class


class NetworkScores:
    """Confusion, borders, calibration and per-image rows over the predictions seen so far."""

    def __init__(self, classes: int, settings: Params):
        self.confusion = Confusion(classes)
        self.boundary = Boundary(classes, settings.boundary_width)
        self.calibration = Calibration(settings.bins)
        self.rows: list[Row] = []
        self.shown: dict[str, Shown] = {}

    def update(
        self, sample: Sample, truth: LabelMap | None, prediction: LabelMap, confidence: Float32[np.ndarray, "h w"]
    ) -> None:
        """Count one image and add its row; without truth, only its uncertainty."""
        uncertainty = round(float(1 - confidence.mean(dtype=np.float64)), 6)
        if truth is None:
            self.rows.append(Row(sample.id, sample.split, None, None, None, None, uncertainty))
            return
        confusion, valid = Confusion(self.confusion.classes), is_class(truth)
        confusion.update(truth, prediction)
        self.confusion = self.confusion + confusion
        self.boundary.update(truth, prediction)
        self.calibration.update(confidence[valid], (truth == prediction)[valid])
        miou, accuracy = (
            None if np.isnan(score) else round(score, 6) for score in (confusion.miou(), confusion.pixel_accuracy())
        )
        self.rows.append(Row(sample.id, sample.split, miou, accuracy, confusion.wrong, confusion.pixels, uncertainty))

    def worst(self, count: int) -> list[str]:
        """The images with truth the network does worst on, worst first."""
        scored = [row for row in self.rows if row.image_miou is not None]
        return [row.image for row in sorted(scored, key=lambda row: (row.image_miou, row.image))[:count]]

    def uncertain(self, count: int) -> list[str]:
        """The images the network is least sure about, least sure first."""
        return [row.image for row in sorted(self.rows, key=lambda row: (-row.uncertainty, row.image))[:count]]

    def sorted_rows(self) -> list[Row]:
        """Worst first; images without truth after them, least sure first."""
        return sorted(
            self.rows,
            key=lambda r: (r.image_miou is None, -r.uncertainty if r.image_miou is None else r.image_miou, r.image),
        )


def ranked_samples(dataset: Dataset) -> list[Sample]:
    """The images that are ranked: the test split, or the next best where it is empty."""
    return next((samples for split in ("test", "val", "train") if (samples := list(dataset.of(split)))), [])


def score_network(
    dataset: Dataset,
    predictions: Iterable[tuple[Sample, Float32[np.ndarray, "k h w"]]],
    settings: Params,
    ranked: frozenset[str],
    strip: frozenset[str],
) -> NetworkScores:
    """Score the predictions of the ranked images (those of the test split that have truth); keep what will be shown.

    No more than 2 * settings.pictures + settings.strip predictions are held at any time.
    """
    scores = NetworkScores(len(dataset.classes), settings)
    for sample, probabilities in predictions:
        prediction, confidence = probabilities.argmax(0).astype(np.uint8), probabilities.max(0)
        if sample.id in ranked:
            scores.update(sample, dataset.truth(sample.id) if sample.split == "test" else None, prediction, confidence)
        uncertainty = np.clip(255 * (1 - confidence), 0, 255).round().astype(np.uint8)
        scores.shown[sample.id] = Shown(prediction, uncertainty)
        kept = strip.union(scores.worst(settings.pictures), scores.uncertain(settings.pictures))
        scores.shown = {name: maps for name, maps in scores.shown.items() if name in kept}
    return scores
