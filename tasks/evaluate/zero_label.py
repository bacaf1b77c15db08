"""Classes without first labels against the others: means of both groups, their harmonic mean, how many of their pixels the labels hold now.

Paper: the scores of generalised zero-label segmentation: Xian et al., SPNet, CVPR 2019.
Formula: model_harmonic = 2 / (1/s + 1/u); s, u = mean IoU over the seen, and over the unseen classes; 0 where s or u is 0.
    unseen_coverage: of the pixels that truly are of an unseen class, the share that has a label;
    unseen_precision: of the pixels labelled as an unseen class, the share that is right.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64

from segmend.metrics.confusion import Confusion, mean, ratio
from tasks.evaluate.label_scores import LabelScores
from tasks.evaluate.tables import Table, number

GROUPS = ("model_miou_seen", "model_miou_unseen", "model_harmonic", "unseen_coverage", "unseen_precision")


def unseen_classes(
    named: tuple[str, ...], classes: tuple[str, ...], labels: LabelScores, network: Confusion, before: Table
) -> tuple[int, ...]:
    """The ids of the named classes; else those of round 0: without a label that the truth holds.

    Where they are all classes (nothing is labelled yet) or none, there are no two groups and nothing to compare.
    """
    undeclared = [name for name in named if name not in classes]
    if undeclared:
        raise ValueError(
            f"evaluate.unseen names '{undeclared[0]}', which is no class of the data set; it has {', '.join(classes)}"
        )
    if named:
        return tuple(sorted(map(classes.index, set(named))))
    first = [row for row in before if row["round"] == "r0"]
    if first:
        return tuple(classes.index(row["class"]) for row in first if row.get("unseen") == "1")
    true = labels.confusion.matrix.sum(1) + network.matrix.sum(1)
    unlabelled = np.flatnonzero((labels.by_class == 0) & (true > 0)).tolist()
    return tuple(unlabelled) if labels.labelled else ()


def group_numbers(unseen: tuple[int, ...], labels: Confusion, network: Confusion) -> dict[str, Any]:
    """The scores of both groups; nothing where there are no two."""
    group = np.isin(np.arange(network.classes), unseen)
    if not group.any() or group.all():
        return {}
    iou = network.iou()
    seen, others = mean(iou[~group]), mean(iou[group])
    covered = ratio(labels.square[group].sum(), labels.matrix[group].sum())
    right = ratio(labels.square.diagonal()[group].sum(), labels.square[:, group].sum())
    values = (seen, others, harmonic(seen, others), float(covered), float(right))
    numbers: dict[str, Any] = {name: number(value) for name, value in zip(GROUPS, values, strict=True)}
    if not labels.square[:, group].sum():
        numbers["unseen_reason"] = "no pixel with truth is labelled as an unseen class"
    return numbers


def harmonic(first: float, second: float) -> float:
    """The harmonic mean; 0 where one is 0, NaN where one is."""
    if first == 0 or second == 0:
        return 0.0
    return 2 / (1 / first + 1 / second)


def label_precision(labels: Confusion) -> Float64[np.ndarray, " k"]:
    """Of the pixels labelled as each class, the share that is right; NaN where there are none."""
    return ratio(labels.square.diagonal(), labels.square.sum(0))


def label_coverage(labels: Confusion) -> Float64[np.ndarray, " k"]:
    """Of the pixels that truly are of each class, the share that has any label; NaN where there are none."""
    return ratio(labels.square.sum(1), labels.matrix.sum(1))
