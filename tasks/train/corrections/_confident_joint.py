"""What the network says of the training pixels while it learns from them, against the given labels, epoch by epoch.

Two counts: who is taken for whom (the confusion matrix, by the largest probability), and the confident joint of confident
learning (Northcutt, Jiang, Chuang, Confident Learning, JAIR 2021, arXiv 1911.00068): a pixel labelled i counts for class j if
its probability of j is at least the mean that pixels labelled j have, and the largest of those that are. Means are those of
the epoch before, so that one pass is enough (the first epoch has none: all classes are confident). The pixels were learnt from,
so the rate that follows is too low once a network has memorised them: read it while it has not.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float64, Int32, Int64, UInt8
from torch import Tensor

from segmend.metrics.confusion import Confusion, ratio
from tasks.train.api.distributed import all_reduce


class JointCounts(NamedTuple):
    """One epoch. Rows: the given label."""

    confusion: Confusion
    joint: Int64[np.ndarray, "k k"]  # given class by confidently said class

    def wrong_rates(self) -> Float64[np.ndarray, " k"]:
        """Of the pixels that seem to be of each class, the share that was given another one; 0 where none seems to be."""
        return np.nan_to_num(1 - ratio(self.scaled().diagonal(), self.scaled().sum(0)))

    def wrong_rate(self) -> float:
        """The share of labels that seem to be wrong."""
        return float(np.nan_to_num(1 - ratio(self.scaled().trace(), self.scaled().sum())))

    def scaled(self) -> Float64[np.ndarray, "k k"]:
        """The joint with as many pixels of each given class as there are; without confident pixels all seem right."""
        rows, given = self.joint.sum(1), self.confusion.square.sum(1)
        shares = np.where(rows[:, None] > 0, self.joint / np.maximum(rows, 1)[:, None], np.eye(len(rows)))
        return shares * given[:, None]


class ConfidentJoint:
    """Counts; what it has counted lives in `memory`, which checkpoints keep."""

    def __init__(self, memory: dict[str, Any], classes: int):
        self.memory, self.classes = memory, classes
        if "counts" not in memory:
            memory["means"] = torch.zeros(classes, dtype=torch.float64)
            self.forget()

    def forget(self) -> None:
        self.memory["counts"] = torch.zeros(2, self.classes, self.classes, dtype=torch.int64)
        self.memory["sums"] = torch.zeros(self.classes, dtype=torch.float64)

    def update(self, given: UInt8[Tensor, "b h w"] | Int32[Tensor, "b h w"], logits: Float[Tensor, "b k h w"]) -> None:
        """Count one batch, over all processes: its given labels (sets of classes are left out) and what was said of it."""
        known = given < self.classes
        labels, said = given[known].long(), logits.detach().softmax(1).movedim(1, -1)[known]
        sure = torch.where(said >= self.memory["means"].to(said), said, -1)
        certain = sure.amax(1) >= 0
        counts = torch.stack([self.pairs(labels, said), self.pairs(labels[certain], sure[certain])])
        sums = said.new_zeros(self.classes).index_add_(0, labels, said.gather(1, labels[:, None])[:, 0])
        self.memory["counts"] += all_reduce(counts).cpu()
        self.memory["sums"] += all_reduce(sums).cpu()

    def pairs(self, rows: Int64[Tensor, " n"], scores: Float[Tensor, "n k"]) -> Int64[Tensor, "k k"]:
        flat = torch.bincount(rows * self.classes + scores.argmax(1), minlength=self.classes**2)
        return flat.view(self.classes, self.classes)

    def compute(self) -> JointCounts:
        """What was counted since the last call."""
        confusion, joint = self.memory["counts"].numpy()
        pixels = self.memory["counts"][0].sum(1)
        self.memory["means"] = torch.where(pixels > 0, self.memory["sums"] / pixels.clamp_min(1), self.memory["means"])
        self.forget()
        nothing = np.zeros((self.classes, 2), np.int64)  # a network gives every pixel a class
        return JointCounts(Confusion(self.classes, np.concatenate([confusion, nothing], axis=1)), joint)
