"""Compare a challenger with the champion, for `segmend promote`: networks on the test split, label sets where the truth is known, else
by answers that neither holds (held_out.py).

python -m tasks.gate.compare --kind network --dataset D --truth T --challenger data/models/r3 --champion FOLDER --out FOLDER
                             [--asked QUESTIONS ANSWERS ...]

<out>/verdict.json     the verdict (tasks/gate/verdict.py), what it was judged by, and the settings it was made with
<out>/per_image.csv    image, mIoU of champion and challenger

Both are scored now, on today's images: scores kept from the day of the champion's promotion would be of other images.
"""

from collections.abc import Iterator, Sequence
from csv import writer
from json import dumps
from pathlib import Path
from sys import exit as leave
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import LabelMap
from segmend.metrics.confusion import Confusion
from segmend.stage.command import user_mistakes
from segmend.stage.params import read_optional, seed
from tasks.gate.held_out import Asked, evidence, held_by
from tasks.gate.settings import Params
from tasks.gate.verdict import Verdict, judge, least

SAME = (
    "The two say the same wherever one judges. What people answered since is right in the newer one by construction and cannot judge it: "
    "where that is all that differs, segmend promote --labels --force."
)


def network_maps(data: Dataset, folder: Path, samples: list[Sample]) -> Iterator[LabelMap]:
    """What the network of a folder predicts, image by image."""
    from segmend.network import inference  # here: label sets are compared without torch

    for _, probabilities in inference.stream(folder, data, samples):
        yield probabilities.argmax(0).astype(np.uint8)


def label_maps(data: Dataset, folder: Path, samples: list[Sample]) -> Iterator[LabelMap]:
    labels = Labels(folder)
    for sample in samples:
        yield labels[sample.id]


class Scored(NamedTuple):
    """Champion and challenger, image by image."""

    images: list[str]
    judged_by: str
    champion: Int64[np.ndarray, "n k columns"]
    challenger: Int64[np.ndarray, "n k columns"]


def matrices(data: Dataset, samples: list[Sample], maps: Iterator[LabelMap]) -> Int64[np.ndarray, "n k columns"]:
    """One confusion matrix an image."""
    stack = np.zeros((len(samples), len(data.classes), len(data.classes) + 2), np.int64)
    for k, (sample, prediction) in enumerate(zip(samples, maps, strict=True)):
        confusion, truth = Confusion(len(data.classes)), data.truth(sample.id)
        assert truth is not None
        confusion.update(truth, prediction)
        stack[k] = confusion.matrix
    return stack


def networks(data: Dataset, champion: Path, challenger: Path) -> Scored:
    samples = [sample for sample in data.of("test") if sample.id in data.with_truth]
    stacks = (matrices(data, samples, network_maps(data, folder, samples)) for folder in (champion, challenger))
    return Scored([sample.id for sample in samples], "truth", *stacks)


def label_sets(data: Dataset, champion: Path, challenger: Path, asked: Sequence[Asked], confidence: float) -> Scored:
    """By the truth; where too few images have it to decide anything, by held-out answers, if these are about more images.

    Images that one of the sets does not hold (they came since, or were other ones) are left out. ValueError where neither is enough.
    """
    both, needed = (Labels(champion), Labels(challenger)), least(confidence)
    samples = [s for s in data.of("train", "val") if s.id in data.with_truth and held_by(both, s)]
    if len(samples) < needed:
        by_answers = evidence(data, champion, challenger, asked)
        if len(by_answers.images) >= needed:
            judged_by = f"{by_answers.answers} held-out answers"
            return Scored(by_answers.images, judged_by, by_answers.champion, by_answers.challenger)
        if len(samples) < 2:
            raise ValueError(
                f"the truth of {len(samples)} images is known, and {by_answers.answers} answers that chance asked for and that neither label "
                f"set holds are about {len(by_answers.images)} images, where {needed} at least are needed. Ask for some that no round "
                "applies: segmend promote --labels --ask 200"
            )
    stacks = (matrices(data, samples, label_maps(data, folder, samples)) for folder in (champion, challenger))
    return Scored([sample.id for sample in samples], "truth", *stacks)


def compare(
    settings: Params,
    kind: str,
    data: Dataset,
    challenger: Path,
    champion: Path,
    out: Path,
    seed: int,
    asked: Sequence[Asked] = (),
) -> Verdict:
    """Score both and write the verdict. ValueError where there is too little to judge by, or the classes differ."""
    if kind == "network":
        scored = networks(data, champion, challenger)
    else:
        scored = label_sets(data, champion, challenger, asked, settings.confidence)
    verdict = judge(scored.champion, scored.challenger, data.classes, settings, seed)
    if scored.judged_by != "truth":
        verdict = verdict._replace(sentence=f"{verdict.sentence} Judged by {scored.judged_by}.")
        if np.array_equal(scored.champion, scored.challenger):
            verdict = verdict._replace(sentence=f"{verdict.sentence} {SAME}")
    out.mkdir(parents=True, exist_ok=True)
    content = {
        "kind": kind,
        "judged_by": scored.judged_by,
        **verdict._asdict(),
        "settings": settings.model_dump(),
    }
    (out / "verdict.json").write_text(dumps(content, indent=2) + "\n")
    with (out / "per_image.csv").open("w", newline="") as file:
        rows = writer(file, lineterminator="\n")
        rows.writerow(("image", "champion_miou", "challenger_miou"))
        for image, *pair in zip(scored.images, scored.champion, scored.challenger, strict=True):
            scores = (Confusion(len(data.classes), matrix).miou_unlabelled_wrong() for matrix in pair)
            rows.writerow((image, *(f"{score:.6f}" for score in scores)))
    return verdict


@user_mistakes
def main() -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser("python -m tasks.gate.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=("labels", "network"), required=True)
    for name in ("dataset", "truth", "challenger", "champion", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--asked", type=Path, nargs=2, action="append", default=[], metavar=("QUESTIONS", "ANSWERS"))
    given = parser.parse_args()
    asked = [Asked(*pair) for pair in given.asked]
    settings = read_optional("gate", Params)
    data = Dataset(given.dataset, given.truth)
    compare(settings, given.kind, data, given.challenger, given.champion, given.out, seed(), asked)
    return 0


if __name__ == "__main__":
    leave(main())
