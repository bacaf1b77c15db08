"""Confusion matrix and confident joint of the training pixels against their given labels, collected online, epoch by epoch.

The confusion matrix counts the most probable class; the confident joint is that of segmend/metrics/confident_learning.py, with
the thresholds of the epoch before, so that one pass is enough (the first epoch has none: every pixel is confident). The pixels
are learnt from, so the estimated rate is too low once a network has memorised them: use it while it has not.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64, Int32, Int64, UInt8
from torch import Tensor

from segmend.metrics.confident_learning import (
    calibrated,
    confident_class,
    count_pairs,
    mean_thresholds,
    self_confidence_sums,
    wrong_rates,
)
from segmend.metrics.confusion import Confusion
from tasks.train.api.distributed import all_reduce


class JointCounts(NamedTuple):
    """One epoch. Rows: the given label."""

    confusion: Confusion
    joint: Int64[np.ndarray, "k k"]  # given class by confident class

    def wrong_rates(self) -> Float64[np.ndarray, " k"]:
        """Of the pixels that seem to be of each class, the share that was given another one; 0 where none seems to be."""
        return np.nan_to_num(wrong_rates(self.calibrated(), 0))

    def wrong_rate(self) -> float:
        """The share of labels that seem to be wrong; 0 without labels."""
        joint = self.calibrated()
        return float(1 - joint.trace() / joint.sum()) if joint.any() else 0.0

    def calibrated(self) -> Float64[np.ndarray, "k k"]:
        """The joint, scaled to the number of pixels of each given class."""
        given = torch.from_numpy(self.confusion.square.sum(1)).double()
        return calibrated(torch.from_numpy(self.joint), given).numpy()


class ConfidentJoint:
    """The counts live in `memory`, which checkpoints hold."""

    def __init__(self, memory: dict[str, Any], classes: int):
        self.memory, self.classes = memory, classes
        if "counts" not in memory:
            memory["means"] = torch.zeros(classes, dtype=torch.float64)
            self.reset()

    def reset(self) -> None:
        self.memory["counts"] = torch.zeros(2, self.classes, self.classes, dtype=torch.int64)
        self.memory["sums"] = torch.zeros(self.classes, dtype=torch.float64)

    def update(self, given: UInt8[Tensor, "b h w"] | Int32[Tensor, "b h w"], logits: Float[Tensor, "b k h w"]) -> None:
        """Count one batch, over all processes: its given labels (sets of classes are left out) against the predictions."""
        known = given < self.classes
        labels, p = given[known].long(), logits.detach().softmax(1).movedim(1, -1)[known]
        confident = confident_class(p, self.memory["means"].to(p), 1)
        pairs = [count_pairs(labels, classes, self.classes) for classes in (p.argmax(1), confident)]
        sums = self_confidence_sums(labels, p.gather(1, labels[:, None])[:, 0], self.classes)
        self.memory["counts"] += all_reduce(torch.stack(pairs)).cpu()
        self.memory["sums"] += all_reduce(sums).cpu()

    def compute(self) -> JointCounts:
        """The counts since the last call."""
        confusion, joint = self.memory["counts"].numpy()
        pixels = self.memory["counts"][0].sum(1)
        self.memory["means"] = mean_thresholds(self.memory["sums"], pixels, self.memory["means"])
        self.reset()
        without_class = np.zeros((self.classes, 2), np.int64)  # a network gives every pixel a class
        return JointCounts(Confusion(self.classes, np.concatenate([confusion, without_class], axis=1)), joint)
