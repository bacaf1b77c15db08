"""Compare a challenger with the champion, for `segmend promote`: networks on the test split, label sets where the truth is known.

python -m tasks.gate.compare --kind network --dataset D --truth T --challenger data/models/r3 --champion FOLDER --out FOLDER

<out>/verdict.json     the verdict (tasks/gate/verdict.py) and the settings it was made with
<out>/per_image.csv    image, mIoU of champion and challenger

Both are scored now, on today's images: scores kept from the day of the champion's promotion would be of other images.
"""

from collections.abc import Iterator
from csv import writer
from json import dumps
from pathlib import Path
from sys import exit as leave

import numpy as np
from jaxtyping import Int64

from segmend.images.dataset import Dataset, Labels, Sample
from segmend.images.rasters import LabelMap
from segmend.metrics.confusion import Confusion
from segmend.stage.command import user_mistakes
from segmend.stage.params import read_optional, seed
from tasks.gate.settings import Params
from tasks.gate.verdict import Verdict, judge


def network_maps(data: Dataset, folder: Path, samples: list[Sample]) -> Iterator[LabelMap]:
    """What the network of a folder predicts, image by image."""
    from segmend.network import inference  # here: label sets are compared without torch

    for _, probabilities in inference.stream(folder, data, samples):
        yield probabilities.argmax(0).astype(np.uint8)


def label_maps(data: Dataset, folder: Path, samples: list[Sample]) -> Iterator[LabelMap]:
    labels = Labels(folder)
    for sample in samples:
        yield labels[sample.id]


KINDS = {"network": (network_maps, ("test",)), "labels": (label_maps, ("train", "val"))}


def matrices(data: Dataset, samples: list[Sample], maps: Iterator[LabelMap]) -> Int64[np.ndarray, "n k columns"]:
    """One confusion matrix an image."""
    stack = np.zeros((len(samples), len(data.classes), len(data.classes) + 2), np.int64)
    for k, (sample, prediction) in enumerate(zip(samples, maps, strict=True)):
        confusion, truth = Confusion(len(data.classes)), data.truth(sample.id)
        assert truth is not None
        confusion.update(truth, prediction)
        stack[k] = confusion.matrix
    return stack


def compare(
    settings: Params, kind: str, data: Dataset, challenger: Path, champion: Path, out: Path, seed: int
) -> Verdict:
    """Score both and write the verdict. ValueError where fewer than two images have truth, or the classes differ."""
    read, splits = KINDS[kind]
    samples = [sample for sample in data.of(*splits) if sample.id in data.with_truth]
    of_champion, of_challenger = (
        matrices(data, samples, read(data, folder, samples)) for folder in (champion, challenger)
    )
    verdict = judge(of_champion, of_challenger, data.classes, settings, seed)
    out.mkdir(parents=True, exist_ok=True)
    content = {"kind": kind, **verdict._asdict(), "settings": settings.model_dump()}
    (out / "verdict.json").write_text(dumps(content, indent=2) + "\n")
    with (out / "per_image.csv").open("w", newline="") as file:
        rows = writer(file, lineterminator="\n")
        rows.writerow(("image", "champion_miou", "challenger_miou"))
        for sample, *pair in zip(samples, of_champion, of_challenger, strict=True):
            scores = (Confusion(len(data.classes), matrix).miou_unlabelled_wrong() for matrix in pair)
            rows.writerow((sample.id, *(f"{score:.6f}" for score in scores)))
    return verdict


@user_mistakes
def main() -> int:
    from argparse import ArgumentParser

    parser = ArgumentParser("python -m tasks.gate.compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    for name in ("dataset", "truth", "challenger", "champion", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    settings = read_optional("gate", Params)
    data = Dataset(given.dataset, given.truth)
    compare(settings, given.kind, data, given.challenger, given.champion, given.out, seed())
    return 0


if __name__ == "__main__":
    leave(main())
