"""One pass over the label maps before training: which images can teach, and how frequent each class is."""

from hashlib import sha256
from typing import NamedTuple

import numpy as np

from tasks.dataset import Dataset, Labels, Sample
from tasks.rasters import UNLABELLED, VOID


class Census(NamedTuple):
    train: list[Sample]  # those with at least one labelled pixel
    val: list[Sample]
    left_out: int  # images without a labelled pixel
    counts: np.ndarray  # labelled training pixels of each class, int64 (K,)
    digest: bytes  # of all that was read: equal digests, equal training data


def census(dataset: Dataset, labels: Labels) -> Census:
    """Count the label maps of train and val. ValueError where an id is not declared or nothing is labelled."""
    digest = sha256(dataset.card.model_dump_json().encode())
    classes = len(dataset.classes)
    kept: dict[str, list[Sample]] = {"train": [], "val": []}
    counts, seen = np.zeros(classes, np.int64), 0
    for sample in dataset.of("train", "val"):
        path = labels.path(sample.id)
        if not path.is_file():
            raise ValueError(
                f"{path} is missing: every image of train and val needs a label map; run the stage pseudo_label"
            )
        digest.update(repr(sample).encode() + sha256(path.read_bytes()).digest())
        here = np.bincount(labels[sample.id].ravel(), minlength=256)
        strangers = np.flatnonzero(here[classes:UNLABELLED]) + classes
        if len(strangers):
            raise ValueError(
                f"{path} holds {here[strangers[0]]} pixels of id {strangers[0]}, which is not declared: allowed are 0 to "
                f"{classes - 1}, {UNLABELLED} (unlabelled) and {VOID} (void)"
            )
        seen += 1
        if here[:classes].any():
            kept[sample.split].append(sample)
            counts += here[:classes] if sample.split == "train" else 0
    if not kept["train"]:
        raise ValueError(
            f"{labels.folder}: no image of the train split has a labelled pixel, so there is nothing to learn from"
        )
    return Census(kept["train"], kept["val"], seen - len(kept["train"]) - len(kept["val"]), counts, digest.digest())
