"""What benchmarks/audit.py compares on: labels with known mistakes, and out-of-fold probabilities made by the audit's own folds.

planted   micrographs of superalloys, three classes: objects dropped, swapped and shifted, about 1.5 % of the pixels each
facade    street photographs whose given masks another network made; the truth was drawn by people
nuclei    first annotations against those that people corrected: 26 of 334 images were changed

All lie in SEGMEND_BENCH_DATA. Probabilities are made once, into the temporary directory. For planted mistakes the networks learn the labels
planted with seed 0; further seeds plant anew into the same images and are judged by the same networks, which have not seen them either.
"""

from pathlib import Path
from shutil import rmtree
from typing import NamedTuple

import numpy as np

from benchmarks import rounds_in_process as cells
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import UNLABELLED, read_labels
from segmend.network.inference import stream
from segmend.stage.params import validated
from tasks.audit import folds
from tasks.ingest.__main__ import ingest
from tasks.ingest.noise._objects import pieces
from tasks.ingest.noise.dropped import Dropped
from tasks.ingest.noise.swapped import Swapped
from tasks.ingest.settings import Params
from tasks.train.__main__ import train
from tasks.train.settings import Params as TrainParams

FOLDS = 3
SHARE = 0.015  # of an image's pixels that each kind of planted mistake aims at
EPOCHS = {"planted": 14, "facade": 5, "nuclei": 3}  # about 150 steps each: a few minutes of one core in all
PLANTED = 60  # images
RAW = {"planted": "superalloy", "facade": "facade", "nuclei": "nuclei"}
KINDS = ("dropped", "swapped", "shifted")


class Judged(NamedTuple):
    """A data set to audit."""

    dataset: Path
    folder: Path  # labels/maps, probabilities/<id>.npy
    ids: list[str]

    def labels(self) -> np.ndarray:
        """uint8 (n, h, w)."""
        return np.stack([Labels(self.folder / "labels")[name] for name in self.ids])

    def probabilities(self) -> np.ndarray:
        """float32 (n, k, h, w)."""
        return np.stack([np.load(self.folder / "probabilities" / f"{name}.npy") for name in self.ids])

    def wrong(self) -> np.ndarray:
        """Pixels whose label is not the truth, bool (n, h, w); void in either is not counted."""
        labels, truth = (
            self.labels(),
            np.stack([read_labels(self.folder / "truth" / f"{name}.png") for name in self.ids]),
        )
        return (labels != truth) & (labels < UNLABELLED) & (truth < UNLABELLED)


def shifted(labels: np.ndarray, wanted: int, classes: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Objects moved by 4 to 8 pixels: what they uncover gets the most frequent class around, as if each was drawn off its place."""
    new, height, width = labels.copy(), *labels.shape
    changed = 0
    for window, inside, label in pieces(labels, 20 * wanted, classes[0], 0.05, rng):
        if changed >= wanted:
            break
        rows, columns = (found + side.start for found, side in zip(np.nonzero(inside), window, strict=True))
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(4, 8)
        moved = rows + round(reach * np.sin(angle)), columns + round(reach * np.cos(angle))
        kept = (moved[0] >= 0) & (moved[0] < height) & (moved[1] >= 0) & (moved[1] < width)
        before = new.copy()
        new[rows, columns] = classes[0]
        new[moved[0][kept], moved[1][kept]] = label
        changed += int((before != new).sum())
    return new


def plant(truth: np.ndarray, classes: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Labels with objects dropped, swapped and shifted."""
    wanted = round(SHARE * truth.size)
    labels = Dropped()(truth, wanted, classes, rng)
    labels = Swapped()(labels, wanted, classes, rng)
    return shifted(labels, wanted, classes, rng)


def made(name: str, seed: int) -> Judged:
    """The data set, its labels and probabilities; made unless they are there."""
    cells.enter()
    place = cells.WORK / f"audit-{name}-{seed}"
    judged = Judged(place / "dataset", place, [])
    if not (place / "done").exists():
        rmtree(place, ignore_errors=True)
        lay_out(name, place, seed)
        if name == "planted" and seed:
            (place / "probabilities").symlink_to(made(name, 0).folder / "probabilities")
        else:
            predict(name, place, seed)
        (place / "done").touch()
    return judged._replace(
        ids=sorted(
            path.relative_to((place / "probabilities").resolve()).with_suffix("").as_posix()
            for path in (place / "probabilities").resolve().rglob("*.npy")
        )
    )


def lay_out(name: str, place: Path, seed: int) -> None:
    """dataset/ as ingest writes it, labels/maps/ with the mistakes, truth/."""
    source = Path(cells.environ.get("SEGMEND_BENCH_DATA", cells.ROOT.parent / "shared/data")) / RAW[name]
    raw = place / "raw"
    raw.mkdir(parents=True)
    for part in source.iterdir():
        if part.name in ("masks_original", "splits.csv") or (name != "facade" and part.name == "truth"):
            continue
        (raw / part.name).symlink_to(part)
    settings = validated(Params, {"data": RAW[name], "format": {"name": "folders"}}, "ingest")
    (raw / "splits.csv").symlink_to(source / "splits.csv")
    ingest.stage(settings, seed, raw=raw, out=place / "dataset", out_truth=place / "half-truth")
    data = Dataset(place / "dataset")
    rng = np.random.default_rng(seed)
    present = tuple(
        np.argsort(
            -np.sum(
                [np.bincount(data.mask(s.id).ravel(), minlength=256) for s in data.samples if data.has_mask(s.id)],
                axis=0,
            )[: len(data.classes)]
        ).tolist()
    )
    samples = [s for s in data.samples if data.has_mask(s.id)]
    if name == "planted":
        first = np.random.default_rng(0).permutation(len(samples))[:PLANTED]  # the same images with every seed
        samples = [samples[k] for k in sorted(first.tolist())]
    for sample in samples:
        if name == "facade":
            if sample.split == "test" or not data.has_mask(sample.id):
                continue
            given, truth = data.mask(sample.id), read_labels(place / "half-truth" / f"{sample.id}.png")
        elif name == "nuclei":
            first = next((source / "masks_original").glob(f"{sample.id}.*"))
            given, truth = read_labels(first), data.mask(sample.id)
        else:
            truth = data.mask(sample.id)
            given = plant(truth, present, rng)
        Labels(place / "labels").write(sample.id, given, data.card)
        Labels(place).write(sample.id, truth, data.card)
    (place / "maps").rename(place / "truth")
    if name == "facade":  # its test masks are the truth, and not audited
        rmtree(place / "dataset/masks")


def predict(name: str, place: Path, seed: int) -> None:
    """Train on all folds but one, predict that one: probabilities/<id>.npy, float32."""
    params = cells.departed_from()
    settings = validated(
        TrainParams, {**params["train"], "epochs": EPOCHS[name], "validate_every": 10_000, "watch": 0}, "train"
    )
    if name != "facade":
        rmtree(place / "dataset/masks", ignore_errors=True)
    data = Dataset(place / "dataset")
    chosen = folds.make(data, place / "labels", place / "folds", FOLDS, seed, settings.model_dump())
    for fold in range(FOLDS):
        folder = place / "folds" / f"fold_{fold}"
        train.stage(
            settings,
            seed,
            dataset=folder / "dataset",
            labels=place / "folds/labels",
            out=folder / "model",
            out_curves=folder / "curve.csv",
        )
        samples = [sample for sample in data.samples if chosen.get(sample.id) == fold]
        for sample, probabilities in stream(folder / "model", data, samples):
            path = place / "probabilities" / f"{sample.id}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, probabilities.astype(np.float32))


if __name__ == "__main__":
    import sys

    for name in sys.argv[2:]:
        made(name, int(sys.argv[1]))
