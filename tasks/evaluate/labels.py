"""The labels of the train split against the truth, where it is known."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.confusion import Confusion
from tasks.dataset import Dataset, Labels
from tasks.parallel import map_images
from tasks.rasters import is_class, read_labels


class Job(NamedTuple):
    """What one image's count needs; paths and numbers only, because it is sent to another process."""

    labels: Path
    truth: Path | None
    classes: int


class Count(NamedTuple):
    """One image: its confusion matrix (zeros without truth), the pixels that have a class, all pixels."""

    matrix: np.ndarray
    labelled: int
    pixels: int


class LabelScores(NamedTuple):
    """The train split: labels against truth over the images with truth, and labelled pixels over all images."""

    confusion: Confusion
    labelled: int
    pixels: int
    images: int
    images_with_truth: int


def count(job: Job) -> Count:
    labels = read_labels(job.labels)
    confusion = Confusion(job.classes)
    if job.truth:
        confusion.update(read_labels(job.truth), labels)
    return Count(confusion.matrix, int(is_class(labels).sum()), labels.size)


def score_labels(dataset: Dataset, labels: Labels) -> LabelScores:
    """Count the whole train split, streaming, on all cores."""
    classes = len(dataset.classes)
    jobs = [Job(labels.path(s.id), truth_path(dataset, s.id), classes) for s in dataset.of("train")]
    total = LabelScores(Confusion(classes), 0, 0, len(jobs), sum(job.truth is not None for job in jobs))
    for matrix, labelled, pixels in map_images(count, jobs, "labels"):
        total = total._replace(
            confusion=total.confusion + Confusion(classes, matrix),
            labelled=total.labelled + labelled,
            pixels=total.pixels + pixels,
        )
    return total


def truth_path(dataset: Dataset, identifier: str) -> Path | None:
    folder = dataset.truth_folder
    return folder / f"{identifier}.png" if folder and identifier in dataset.with_truth else None
