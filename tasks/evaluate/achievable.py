"""How good could the labels become by asking about every base cell once? What no budget can buy beyond.

An answer painted over a region is only as right as the region is pure. So each cell either keeps its labels or takes its most
frequent true class, whichever has more right pixels. Answers that follow finer regions, or spread by pixel, can pass it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.images.dataset import Dataset, Labels
from segmend.images.parallel import map_images
from segmend.images.rasters import UNLABELLED, VOID, LabelMap, Maps, RegionMap, is_class, read_labels
from segmend.images.regions import class_counts, count, majority
from segmend.metrics.confusion import Confusion


class Job(NamedTuple):
    """Paths and numbers only, because it is sent to another process."""

    image: str
    labels: Path
    truth: Path
    regions: Path
    classes: int


def best(labels: LabelMap, truth: LabelMap, regions: RegionMap, classes: int) -> LabelMap:
    """The best labels that one answer per region can give; void labels and pixels of no region stay."""
    inside = (regions >= 0) & (labels != VOID) & is_class(truth)
    known = np.where(inside, regions, -1)
    counts = class_counts(truth, known, classes)[:, :classes]
    counts = np.pad(counts, ((0, count(regions) - len(counts)), (0, 2)))
    named = majority(counts)[0]
    right = np.bincount(regions[inside & (labels == truth)], minlength=len(counts))
    better = (counts.max(axis=1) > right) & (named < UNLABELLED)
    paint = (regions >= 0) & (labels != VOID)
    paint[paint] = better[regions[paint]]
    return np.where(paint, np.append(named, 0)[regions], labels).astype(np.uint8)


def score(job: Job) -> np.ndarray:
    confusion = Confusion(job.classes)
    truth = read_labels(job.truth)
    confusion.update(truth, best(read_labels(job.labels), truth, Maps(job.regions)[job.image], job.classes))
    return confusion.matrix


def ceiling(dataset: Dataset, labels: Labels, regions: Path) -> Confusion:
    """The confusion matrix of the best possible labels of the train split, over its images with truth."""
    classes, folder = len(dataset.classes), dataset.truth_folder
    jobs = [
        Job(sample.id, labels.path(sample.id), folder / f"{sample.id}.png", regions, classes)
        for sample in dataset.of("train")
        if folder and sample.id in dataset.with_truth
    ]
    return sum((Confusion(classes, matrix) for matrix in map_images(score, jobs, "ceiling")), Confusion(classes))
