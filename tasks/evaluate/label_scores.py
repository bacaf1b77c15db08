"""The labels of the train split against the truth, where it is known."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.images.dataset import Dataset, Labels
from segmend.images.parallel import map_images
from segmend.images.rasters import is_class, read_labels
from segmend.metrics.confusion import Confusion


class Job(NamedTuple):
    """What one image's count needs; paths and numbers only, because it is sent to another process."""

    labels: Path
    truth: Path | None
    classes: int


class Count(NamedTuple):
    """One image: its confusion matrix (zeros without truth), the pixels that have each class, all pixels."""

    matrix: np.ndarray
    by_class: np.ndarray
    pixels: int


class LabelScores(NamedTuple):
    """The train split: labels against truth over the images with truth, and labelled pixels over all images."""

    confusion: Confusion
    by_class: np.ndarray  # labelled pixels by class, int64 (K,)
    pixels: int
    images: int
    images_with_truth: int

    @property
    def labelled(self) -> int:
        return int(self.by_class.sum())


def count(job: Job) -> Count:
    labels = read_labels(job.labels)
    confusion = Confusion(job.classes)
    if job.truth:
        confusion.update(read_labels(job.truth), labels)
    return Count(confusion.matrix, np.bincount(labels[is_class(labels)], minlength=job.classes), labels.size)


def score_labels(dataset: Dataset, labels: Labels, instead: Labels | None = None) -> LabelScores:
    """Count the whole train split, streaming, on all cores; with the maps of `instead` where it has them."""
    classes = len(dataset.classes)
    jobs = [Job(path_of(s.id, labels, instead), truth_path(dataset, s.id), classes) for s in dataset.of("train")]
    total = LabelScores(
        Confusion(classes), np.zeros(classes, np.int64), 0, len(jobs), sum(job.truth is not None for job in jobs)
    )
    for matrix, by_class, pixels in map_images(count, jobs, "labels"):
        total = total._replace(
            confusion=total.confusion + Confusion(classes, matrix),
            by_class=total.by_class + by_class,
            pixels=total.pixels + pixels,
        )
    return total


def path_of(identifier: str, labels: Labels, instead: Labels | None) -> Path:
    other = instead and instead.path(identifier)
    return other if other and other.is_file() else labels.path(identifier)


def truth_path(dataset: Dataset, identifier: str) -> Path | None:
    folder = dataset.truth_folder
    return folder / f"{identifier}.png" if folder and identifier in dataset.with_truth else None
