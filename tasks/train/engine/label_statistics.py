"""One pass over the label maps before training: which images carry labels, and how frequent each class is."""

from hashlib import sha256
from typing import NamedTuple

import numpy as np

from segmend.answers import history
from segmend.answers.answers import Answer
from segmend.answers.candidate_sets import FIRST_SET, answers_with_sets, candidates
from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import UNLABELLED, VOID


class LabelStatistics(NamedTuple):
    train: list[Sample]  # images with at least one labelled pixel, or one whose set of classes is known
    val: list[Sample]
    left_out: int  # images without a labelled pixel
    counts: np.ndarray  # labelled training pixels of each class, int64 (K,)
    digest: bytes  # of everything that was read: equal digests, equal training data
    val_pixels: int  # labelled pixels of the val split
    corrected: dict[str, int]  # pixels that answers of all rounds gave another label, by split
    answers: dict[str, list[Answer]]  # of images with sets of classes, where the loss learns from them


def label_statistics(dataset: Dataset, labels: Labels, partial: bool = False, trust: bool = False) -> LabelStatistics:
    """Count the label maps of train and val, and with `partial` read the answers. ValueError where an id is not declared.

    With `trust` the digest covers the trust maps too.
    """
    digest = sha256(dataset.card.model_dump_json().encode())
    answers: dict[str, list[Answer]] = {}
    if partial:
        answers = answers_with_sets(labels.folder / "answers.jsonl", dataset.classes)
        digest.update((labels.folder / "answers.jsonl").read_bytes())
    classes = len(dataset.classes)
    kept: dict[str, list[Sample]] = {"train": [], "val": []}
    counts, seen, val_pixels = np.zeros(classes, np.int64), 0, 0
    for sample in dataset.of("train", "val"):
        path = labels.path(sample.id)
        if not path.is_file():
            raise ValueError(
                f"{path} is missing: every image of train and val needs a label map; run the stage pseudo_label"
            )
        digest.update(repr(sample).encode() + sha256(path.read_bytes()).digest())
        if trust and labels.trust_path(sample.id).is_file():
            digest.update(sha256(labels.trust_path(sample.id).read_bytes()).digest())
        maps = labels[sample.id]
        pixels = np.bincount(maps.ravel(), minlength=256)
        undeclared = np.flatnonzero(pixels[classes:UNLABELLED]) + classes
        if len(undeclared):
            raise ValueError(
                f"{path} holds {pixels[undeclared[0]]} pixels of id {undeclared[0]}, which is not declared: allowed are 0 to "
                f"{classes - 1}, {UNLABELLED} (unlabelled) and {VOID} (void)"
            )
        seen += 1
        if sample.split == "train" and sample.id in answers:
            pixels = np.bincount(candidates(maps, answers[sample.id], dataset.classes)[0].ravel(), minlength=256)
        if pixels[:classes].any() or pixels[FIRST_SET:].any():
            kept[sample.split].append(sample)
            counts += pixels[:classes] if sample.split == "train" else 0
            val_pixels += int(pixels[:classes].sum()) if sample.split == "val" else 0
    left_out = seen - len(kept["train"]) - len(kept["val"])
    corrected = corrected_pixels(labels, {sample.id: sample.split for sample in dataset.of("train", "val")})
    return LabelStatistics(
        kept["train"], kept["val"], left_out, counts, digest.digest(), val_pixels, corrected, answers
    )


def corrected_pixels(labels: Labels, splits: dict[str, str]) -> dict[str, int]:
    """How many pixels the answers of all rounds gave another label, by split; none where the labels have no history.

    A pixel that two answers changed counts twice. What expansions changed automatically does not count.
    """
    pixels = dict.fromkeys(("train", "val"), 0)
    if not (labels.folder / "history.parquet").is_file():
        return pixels
    rows = history.answers(history.read(labels.folder)).select(["image", "changed"]).to_pylist()
    for row in rows:
        if row["image"] in splits:
            pixels[splits[row["image"]]] += row["changed"]
    return pixels
