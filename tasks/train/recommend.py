"""Which training suits these labels? The noise is estimated, and a recipe is named with its reason.

    python -m tasks.train.recommend --dataset D --labels L --model M [--out FILE]

The noise is estimated by confident learning (segmend/metrics/confident_learning.py) on the val split, whose labels the network did not learn:
per class, and apart for mistakes at borders and of whole objects. `segmend recommend` runs this and can write the recipe to
params.yaml. What recipes gain is measured in benchmarks/results/noise.md; it is no part of an installed package, so its figures
are not repeated here: only what the table says in words, which tests/train/test_recommend.py compares with it.
"""

from argparse import ArgumentParser
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import is_class
from segmend.metrics.confident_learning import Joint, Thresholds, border_and_objects, suspected
from segmend.network.inference import stream
from segmend.network.segmenter import is_trained
from segmend.stage.command import user_mistakes

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
            f"{model} has learned from no label yet, so it cannot estimate their noise: label something, then run the stage train"
        )
    classes = len(dataset.classes)
    first = Thresholds(classes)
    for sample, probabilities in stream(model, dataset, samples):
        first.add(labels[sample.id], probabilities)
    joint, pixels = Joint(first.compute()), np.zeros(2)
    for sample, probabilities in stream(model, dataset, samples):
        given = labels[sample.id]
        joint.add(given, probabilities)
        wrong = suspected(given, probabilities, joint.thresholds)
        pixels += [part.sum() for part in border_and_objects(wrong, given, max(2.0, NEAR * sum(given.shape) / 2))]
    rates, share = joint.rates(), pixels / max(1.0, pixels.sum())
    rate = float(1 - np.trace(joint.compute()))
    by_class = {
        name: None if np.isnan(value) else float(value) for name, value in zip(dataset.classes, rates, strict=True)
    }
    return Noise(rate, rate * float(share[0]), rate * float(share[1]), by_class, len(samples))


# What did best for bad borders, wrong objects and few mistakes alike: overlap by class and image, gradients of one size.
DICE: dict[str, Any] = {
    "loss": {"name": "dice"},
    "gradients": [{"name": "znorm"}],
    "selection": {"name": "all"},
    "teacher": {"name": "none"},
    "correction": {"name": "none"},
    "averaging": {"name": "none"},
}
CLEAN = 0.02  # of the pixels: below this the estimate is mostly the network's own mistakes
MANY = 0.10  # of the pixels: from here on questions pay more than any loss does

# What the table says of each kind. Dice with znorm is in front for all of them, so this choice does not depend on the estimate.
CLEAR = (
    "no more than a network gets wrong by itself, so nothing special is needed. Where few mistakes were planted Dice with znorm "
    "was no worse than cross entropy beyond the spread"
)
BORDER = "most of it at borders. That is where Dice with znorm gained most over cross entropy"
OBJECTS = (
    "most of it in whole objects. There Dice with znorm gained less over cross entropy than with bad borders, sometimes no more than the "
    "spread, but never lost beyond it"
)
ASK = " And ask: with this many mistakes questions mend more than any training can (segmend next)."


def choose(noise: Noise) -> Recipe:
    """The recipe for this noise, and what was measured for noise of its kind."""
    wrong = BORDER if noise.border > noise.objects else OBJECTS
    kind = CLEAR if noise.rate < CLEAN else wrong
    more = ASK * (noise.rate >= MANY)
    return Recipe("dice", f"{noise.rate:.1%} looks wrong, {kind} (benchmarks/results/noise.md).{more}", DICE)


MOST = 0.9  # of a class is left out at most: small_loss needs pixels of each class to learn from


def small_loss(noise: Noise) -> str:
    """A line for the section train of params.yaml: leave out of each class what looks wrong."""
    rates = ", ".join(f"{min(MOST, rate or 0.0):.3f}" for rate in noise.by_class.values())
    return f"selection: {{name: small_loss, small_loss: {{rates: [{rates}]}}}}"


@user_mistakes
def main() -> int:
    parser = ArgumentParser("python -m tasks.train.recommend", description=__doc__)
    for name in ("dataset", "labels", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    parser.add_argument("--out", type=Path, metavar="PATH", help="write the estimate and the recipe here (JSON)")
    chosen = parser.parse_args()
    noise = estimate(Dataset(chosen.dataset), Labels(chosen.labels), chosen.model)
    report = {"noise": noise._asdict(), "recipe": choose(noise)._asdict(), "small_loss": small_loss(noise)}
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(dumps(report, indent=2) + "\n")
    else:
        print(dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
