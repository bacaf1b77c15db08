"""Which training suits these labels? The noise is estimated, and a recipe is named with its reason.

    python -m tasks.train.recommend --dataset D --labels L --model M [--out FILE]

The noise is estimated by confident learning (tasks/confident.py) on the val split, whose labels the network did not learn:
per class, and apart for mistakes at borders and of whole objects. `segmend recommend` runs this and can write the recipe to
params.yaml. What the recipes gain is measured in benchmarks/results/noise.md.
"""

import sys
from argparse import ArgumentParser
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tasks.confident import Joint, Thresholds, kinds, suspected
from tasks.dataset import Dataset, Labels
from tasks.network import is_trained
from tasks.predict import stream
from tasks.rasters import is_class

NEAR = 0.02  # of the mean side of an image: mistakes nearer to a border of the labels are mistakes of the border


class Noise(NamedTuple):
    """What is wrong with the labels, as shares of the labelled pixels of the val split."""

    rate: float
    border: float  # the part of `rate` at borders
    objects: float  # the part of `rate` of whole objects
    by_class: dict[str, float | None]  # of the pixels labelled so; None where there are none
    images: int


class Recipe(NamedTuple):
    name: str
    reason: str
    changes: dict[str, Any]  # of the section train of params.yaml


def estimate(dataset: Dataset, labels: Labels, model: Path) -> Noise:
    """The noise of the val split's labels. ValueError where nothing can be said."""
    samples = [sample for sample in dataset.of("val") if is_class(labels[sample.id]).any()]
    if not samples:
        raise ValueError(
            f"{labels.folder}: no pixel of the val split is labelled, so nothing can be said about its noise"
        )
    if not is_trained(model):
        raise ValueError(
            f"{model} has learned from no label yet, so it cannot judge any: label something, then run the stage train"
        )
    classes = len(dataset.classes)
    first = Thresholds(classes)
    for sample, probabilities in stream(model, dataset, samples):
        first.add(labels[sample.id], probabilities)
    joint, found = Joint(first.found()), np.zeros(2)
    for sample, probabilities in stream(model, dataset, samples):
        given = labels[sample.id]
        joint.add(given, probabilities)
        wrong = suspected(given, probabilities, joint.thresholds)
        found += [part.sum() for part in kinds(wrong, given, max(2.0, NEAR * sum(given.shape) / 2))]
    rates, share = joint.rates(), found / max(1.0, found.sum())
    rate = float(1 - np.trace(joint.found()))
    by_class = {name: None if np.isnan(one) else float(one) for name, one in zip(dataset.classes, rates, strict=True)}
    return Noise(rate, rate * float(share[0]), rate * float(share[1]), by_class, len(samples))


# What resisted every kind and level of planted mistakes best (benchmarks/results/noise.md): overlap by class and image,
# and nothing beside it. Selections, teachers and means of weights gained nothing beyond the spread there.
DICE: dict[str, Any] = {
    "loss": {"name": "dice"},
    "selection": {"name": "all"},
    "teacher": {"name": "none"},
    "correction": {"name": "none"},
    "averaging": {"name": "none"},
}
CLEAN = 0.02  # of the pixels: below this the estimate is mostly the network's own mistakes
MANY = 0.10  # of the pixels: from here on questions pay more than any loss does


def choose(noise: Noise) -> Recipe:
    """The recipe for this noise. The reasons are figures of benchmarks/results/noise.md and rounds.md."""
    if noise.rate < CLEAN:
        return Recipe(
            "dice", "No more looks wrong than a network gets wrong by itself: nothing special is needed.", DICE
        )
    where = "at borders" if noise.border > noise.objects else "in whole objects"
    gain = (
        "Borders that are off cost cross entropy .06 to .07 of mIoU, which Dice keeps."
        if noise.border > noise.objects
        else "Wrong objects cost cross entropy up to .08 of mIoU, most in rare classes, which Dice keeps."
    )
    more = " And ask: with this many mistakes questions mend more than any training can (segmend next)." * (
        noise.rate >= MANY
    )
    return Recipe("dice", f"{noise.rate:.1%} looks wrong, most of it {where}. {gain}{more}", DICE)


def main() -> int:
    parser = ArgumentParser("python -m tasks.train.recommend", description=__doc__)
    for name in ("dataset", "labels", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    parser.add_argument("--out", type=Path, metavar="PATH", help="write what was found here (JSON)")
    chosen = parser.parse_args()
    try:
        noise = estimate(Dataset(chosen.dataset), Labels(chosen.labels), chosen.model)
    except ValueError as trouble:
        print(trouble, file=sys.stderr)
        return 2
    found = {"noise": noise._asdict(), "recipe": choose(noise)._asdict()}
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(dumps(found, indent=2) + "\n")
    else:
        print(dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
