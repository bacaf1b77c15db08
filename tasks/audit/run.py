"""Find the label errors of a data set without asking anybody, and list them, worst first. Nothing is changed: findings go to review.

    python -m tasks.audit.run --dataset data/dataset --labels data/labels/r1 --folds .work/audit/r1 --out DIR
    python -m tasks.audit.run --dataset data/dataset --probabilities DIR --out DIR

out/index.html      the list with pictures, one file
out/audit.json      all numbers: shares, pairs of classes, images and findings by severity
out/findings.csv    major and minor findings, surest first
out/images.csv      every image: quality, expected wrong pixels, findings by severity
out/pairs.csv       every pair of classes: how much of what looks like one is labelled as the other
out/duplicates.csv  equal and nearly equal images whose masks differ
out/quality/        with --maps: the quality of every pixel, 0 to 255 for 0 to 1
out/questions/      with --ask N: the first N findings in train images as questions for the page (segmend annotate --questions)

Two passes over the images, one image in memory: thresholds, then findings (findings.py). Void takes part in nothing.
"""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import numpy as np

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import LabelMap, read_labels, write_grey
from segmend.metrics.confident_learning import Joint, Thresholds
from segmend.stage.command import user_mistakes
from tasks.audit.duplicates import SIDE, Duplicate, duplicates, thumbnail
from tasks.audit.findings import BAND, TEMPERATURE, look, quality_map
from tasks.audit.folds import groups_of, label_files
from tasks.audit.page import write_page
from tasks.audit.probabilities import Files, Folds, Source
from tasks.audit.questions import write_questions
from tasks.audit.tables import Collected, Result, write_tables

SHOWN = 40  # findings with pictures on the page


def audit(
    dataset: Dataset, files: dict[str, Path], source: Source, band: int, temperature: float, keep: int,
    maps: Path | None = None, twins: bool = True,
) -> Result:  # fmt: skip
    """All findings of the images whose label maps are `files`; of the first `keep` the pixels are kept too."""
    samples = [sample for sample in dataset.samples if sample.id in files]

    def read(identifier: str) -> LabelMap:
        return read_labels(files[identifier])

    first = Thresholds(len(dataset.classes))
    for sample, probabilities in source.stream(samples):
        first.add(fitting(read(sample.id), sample, files), probabilities)
    thresholds = first.compute()
    joint, collected = Joint(thresholds), Collected(keep)
    for sample, probabilities in source.stream(samples):
        labels = read(sample.id)
        found = look(labels, probabilities, thresholds, band, temperature)
        joint.count(found.labelled, found.confident)
        collected.add(sample, labels, found)
        if maps is not None:
            quality = quality_map(labels, probabilities)
            write_grey(maps / f"{sample.id}.png", (quality * 255).round().astype(np.uint8))
    same = duplicates_of(dataset, samples, read) if twins else []
    return collected.result(dataset.classes, thresholds, joint, same)


def fitting(labels: LabelMap, sample: Sample, files: dict[str, Path]) -> LabelMap:
    if labels.shape != (sample.height, sample.width):
        raise ValueError(
            f"{files[sample.id]} has {labels.shape[0]} x {labels.shape[1]} pixels, and its image {sample.height} x {sample.width}"
        )
    return labels


def duplicates_of(dataset: Dataset, samples: list[Sample], read: Callable[[str], LabelMap]) -> list[Duplicate]:
    small = np.zeros((len(samples), SIDE * SIDE), np.float32)
    for k, sample in enumerate(samples):
        small[k] = thumbnail(dataset.image(sample.id))
    return duplicates(dataset, samples, groups_of(dataset, samples), read, small)


@user_mistakes
def main(words: list[str] | None = None) -> int:
    parser = ArgumentParser("python -m tasks.audit.run", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--labels", type=Path, help="a label set; default: the given masks")
    parser.add_argument("--probabilities", type=Path, help="a folder of probabilities (probabilities.py has the forms)")
    parser.add_argument("--folds", type=Path, help="the folder of folds.py, with a trained network in each fold")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--band", type=int, default=BAND, help="pixels around borders of the labels that are kept apart"
    )
    parser.add_argument(
        "--temperature", type=float, default=TEMPERATURE, help="of the soft-min of image and region scores"
    )
    parser.add_argument("--ask", type=int, default=0, help="write the first N findings in train images as questions")
    parser.add_argument("--maps", action="store_true", help="write the quality of every pixel")
    chosen = parser.parse_args(words)
    if chosen.band < 0 or not 0 < chosen.temperature <= 100:
        raise ValueError("--band must be at least 0 pixels, and --temperature above 0 and at most 100")
    if (chosen.probabilities is None) == (chosen.folds is None):
        raise ValueError("say where probabilities come from: --probabilities DIR or --folds DIR")
    dataset = Dataset(chosen.dataset)
    files = label_files(dataset, chosen.labels)
    source: Source
    if chosen.probabilities is not None:
        source = Files(chosen.probabilities, dataset.classes)
        source.check([sample for sample in dataset.samples if sample.id in files])
    else:
        source = Folds(chosen.folds, dataset)
    maps = chosen.out / "quality" if chosen.maps else None
    result = audit(dataset, files, source, chosen.band, chosen.temperature, max(SHOWN, chosen.ask), maps)
    name = chosen.labels.name if chosen.labels else dataset.card.name
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_tables(chosen.out, name, result, chosen.band, chosen.temperature)
    write_page(chosen.out, name, result, dataset, files, chosen.band, chosen.temperature, SHOWN)
    if chosen.ask:
        print(write_questions(chosen.out / "questions", name, result, dataset, chosen.ask))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
