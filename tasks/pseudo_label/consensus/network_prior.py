"""A trained network's opinion on the annotators' images, for aggregators that weigh it against the answers.

Idea: deepBP and deepMF put what a network says of a task beside what people say of it. Here a task is a pattern: the
    pixels of one image on which everybody said the same. The network comes from outside the pipeline (a folder as
    data/models/r0 of an earlier run, copied to data/weights/NAME), for first labels are made before any training.
Formula: log f_t(k) = mean over the pattern's pixels of log max(P_k, FLOOR). A pattern is then a task of its own image.
Limits: P alike for all classes: as without a network. P alike over the pattern's pixels: log P itself.
Differs: the papers train network and beliefs in turn; here one turn is one run. A network that learned from these very
    masks repeats their mistakes: `clip` of the aggregator bounds how sure it may be.
Costs: one prediction an image, in this process; patterns are not merged over images (memory: patterns x classes).
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Integer

from segmend.images.dataset import Dataset

FLOOR = 1e-6  # of a probability: one pixel must not rule a class out for its whole pattern


def opened(folder: Path | None, data: Dataset, aggregator: Any, several: bool) -> Any:
    """The network in the folder as a function of images; None where the folder is that of `none`, without a network."""
    if folder is None or (folder.is_dir() and all(path.name.startswith(".") for path in folder.iterdir())):
        return None
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"{folder} holds no network (config.json is missing), and pseudo_label.network names it: copy a trained one there, "
            "as data/models/r0 of an earlier run, or set pseudo_label.network to none"
        )
    if not several or not aggregator.reads_network:
        reason = (
            f"the aggregator {aggregator.name} asks no network" if several else "there are no annotators to aggregate"
        )
        raise ValueError(
            f"pseudo_label.network names {folder.name}, but {reason}: set it to none, or take the labeller given, masks of "
            "several annotators and an aggregator as belief_propagation or mean_field"
        )
    from segmend.network.inference import Predictor

    predictor = Predictor(folder)
    if predictor.classes != data.classes:
        raise ValueError(
            f"{folder} was trained for the classes {', '.join(predictor.classes)}, but {data.folder} has "
            f"{', '.join(data.classes)}: name another network in pseudo_label.network, or none"
        )
    return predictor


def mean_logs(
    probabilities: Float32[np.ndarray, "k h w"], row: Integer[np.ndarray, "h w"], patterns: int
) -> Float64[np.ndarray, "p k"]:
    """The mean log probability of each class over each pattern's pixels; every pattern has some."""
    flat, logs = row.ravel(), np.log(np.maximum(probabilities, FLOOR)).reshape(len(probabilities), -1)
    sums = np.stack([np.bincount(flat, log_probability, patterns) for log_probability in logs], axis=1)
    return sums / np.bincount(flat, minlength=patterns)[:, None]
