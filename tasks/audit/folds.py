"""A labelled data set cut into folds by image, each as a data set that the stage train reads: its own images are the test split.

    python -m tasks.audit.folds --dataset data/dataset --out .work/audit/NAME [--labels data/labels/r1] [--folds 4] [--seed 0]

    out/samples.csv                images with labels, all as train
    out/labels/maps/<id>.png       links to the label maps
    out/fold_<k>/dataset/          dataset.json, samples.csv and a link to the images
    out/folds.json                 which image lies in which fold

A network that is trained on the train split of fold k has not seen the images of fold k, so what it says of them is out of sample.
Equal images, and the slices of one volume, lie in one fold. A folder that was made from other labels, images or training settings is
emptied first; otherwise it is left as it is, with the networks that are there.
"""

from argparse import ArgumentParser
from collections import defaultdict
from json import dumps, loads
from os.path import relpath
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from segmend.images.dataset import Dataset, Labels, Sample, write_card, write_samples
from segmend.stage import params
from segmend.stage.cache import digest_of
from segmend.stage.command import user_mistakes

MIN_IMAGES = 8  # below, a network learns too little from the other folds to judge anything


def label_files(dataset: Dataset, labels: Path | None) -> dict[str, Path]:
    """The label map of every image that has one: those of a label set, else (and for images that it lacks) the given masks."""
    files = {}
    for sample in dataset.samples:
        given = dataset.folder / "masks" / f"{sample.id}.png"
        of_round = Labels(labels).path(sample.id) if labels else given
        path = of_round if of_round.is_file() else given
        if path.is_file():
            files[sample.id] = path
    if not files:
        raise ValueError(f"{labels or dataset.folder} holds no label maps: there is nothing to audit")
    return files


def dealt(groups: dict[str, str], folds: int, seed: int) -> dict[str, int]:
    """A fold for each image; images of one group stay together. Groups are dealt out in random order, each to the smallest fold.

    Args:
        groups: image id -> the name of its group.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for identifier, group in sorted(groups.items()):
        members[group].append(identifier)
    if len(members) < folds:
        raise ValueError(
            f"{len(members)} different images (slices of a volume count once) cannot be cut into {folds} folds: lower --folds, or "
            "give --probabilities"
        )
    sizes = [0] * folds
    chosen: dict[str, int] = {}
    shuffled = np.random.default_rng(seed).permutation(sorted(members)).tolist()
    for name in sorted(shuffled, key=lambda name: -len(members[name])):  # large groups first; equal ones stay shuffled
        fold = sizes.index(min(sizes))
        sizes[fold] += len(members[name])
        chosen |= dict.fromkeys(members[name], fold)
    return chosen


def groups_of(dataset: Dataset, samples: list[Sample]) -> dict[str, str]:
    """Images with equal pixels are one group, and so are the slices of a volume (dataset/volumes.json)."""
    path = dataset.folder / "volumes.json"
    volumes = set(loads(path.read_text(encoding="utf-8"))) if path.is_file() else set()
    groups = {}
    for sample in samples:
        case = sample.id.rpartition("/")[0]
        groups[sample.id] = case if case in volumes else sample.image_sha256 or sample.id
    return groups


def make(dataset: Dataset, labels: Path | None, out: Path, folds: int, seed: int, training: Any) -> dict[str, int]:
    """Write the folds into `out`; which image lies in which. `training` is what else decides the networks."""
    files = label_files(dataset, labels)
    samples = [sample for sample in dataset.samples if sample.id in files]
    if len(samples) < MIN_IMAGES:
        raise ValueError(
            f"{len(samples)} images have labels, and {MIN_IMAGES} are needed to train networks that judge them: give --probabilities"
        )
    contents = [files[sample.id].read_bytes() for sample in samples]
    key = digest_of([repr(samples), dataset.card.model_dump_json(), repr((folds, seed, training)), *contents])
    chosen = dealt(groups_of(dataset, samples), folds, seed)
    if (out / "key").is_file() and (out / "key").read_text() == key:
        return chosen
    rmtree(out, ignore_errors=True)
    for name, path in files.items():
        link(Labels(out / "labels").path(name), path)
    for fold in range(folds):
        folder = out / f"fold_{fold}" / "dataset"
        write_card(folder, dataset.card)
        split = {True: "test", False: "train"}
        write_samples(folder, [sample._replace(split=split[chosen[sample.id] == fold]) for sample in samples])
        link(folder / "images", dataset.folder / "images")
    (out / "folds.json").write_text(dumps(chosen, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    (out / "key").write_text(key)
    return chosen


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(relpath(target.resolve(), path.parent.resolve()))


@user_mistakes
def main(words: list[str] | None = None) -> int:
    parser = ArgumentParser("python -m tasks.audit.folds", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--labels", type=Path, help="a label set; default: the given masks")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(words)
    if chosen.folds < 2:
        raise ValueError(
            f"--folds {chosen.folds}: at least 2, so that every image is judged by a network that did not learn it"
        )
    training = params.load(Path("params.yaml")).get("train")
    make(Dataset(chosen.dataset), chosen.labels, chosen.out, chosen.folds, chosen.seed, training)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
