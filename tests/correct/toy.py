"""A small workspace for the stages that work on regions: coloured blocks, masks with planted mistakes, the truth."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from segmend.images.dataset import Card, Dataset, Sample, write_card, write_samples, write_truth_list
from segmend.images.rasters import VOID, write_labels

CARD = Card(
    name="blocks",
    classes=("ground", "leaf", "stone"),
    colours=((0, 0, 0), (0, 160, 0), (160, 160, 160)),
    mean=(0.5, 0.5, 0.5),
    deviation=(0.3, 0.3, 0.3),
)
SPLITS = {"a/0": "train", "a/1": "train", "a/2": "train", "b": "val", "c": "test"}
SHAPE = (40, 48)
PARAMS = """\
seed: 0
superpixelize: {method: {name: slic, slic: {regions: 30}}}
pseudo_label: {labeller: {name: given}}
query: {acquisition: {name: sim}}
correct: {oracle: {name: ground_truth}}
rounds: {r1: {prev: r0, budget: 10%}, r2: {prev: r1, budget: 7}}
models: {r0: {prev: start}, r1: {prev: r0}, r2: {prev: r1}}
last: r2
"""


def true_map(k: int) -> np.ndarray:
    """Ground, with a leaf and a stone whose places differ from image to image."""
    truth = np.zeros(SHAPE, np.uint8)
    truth[4 + 2 * k : 20, 4:22] = 1
    truth[22:38, 24 + k : 44] = 2
    return truth


def given_map(truth: np.ndarray) -> np.ndarray:
    """The truth with the stone called leaf in part, and a void strip at the rim."""
    mask = truth.copy()
    mask[22:38, 30:44] = 1
    mask[:, :2] = VOID
    return mask


def make(
    root: Path, truth: bool = True, splits: dict[str, str] = SPLITS, without_mask: tuple[str, ...] = ()
) -> Dataset:
    """Write dataset, truth and params.yaml as ingest would."""
    (root / "params.yaml").write_text(PARAMS)
    dataset, rng, samples = root / "dataset", np.random.default_rng(0), []
    write_card(dataset, CARD)
    for k, (name, split) in enumerate(splits.items()):
        true = true_map(k)
        colours = np.array([(40, 40, 40), (60, 180, 60), (200, 200, 210)])[true]
        image = np.clip(colours + rng.normal(0, 6, colours.shape), 0, 255).astype(np.uint8)
        path = dataset / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        if name not in without_mask:
            write_labels(dataset / "masks" / f"{name}.png", given_map(true), CARD.palette)
        if truth:
            write_labels(root / "truth" / f"{name}.png", true, CARD.palette)
        samples.append(Sample(name, split, *SHAPE, sha256(image.tobytes()).hexdigest(), "drawn"))
    write_samples(dataset, samples)
    write_truth_list(root / "truth", dict.fromkeys(splits, "planted") if truth else {})
    return Dataset(dataset, root / "truth")


def stream_of_truth(model, dataset, samples):
    """In place of a network: 0.8 for the true class, 0.1 for the others."""
    for sample in samples:
        k = list(SPLITS).index(sample.id)
        yield sample, np.where(true_map(k) == np.arange(3)[:, None, None], 0.8, 0.1).astype(np.float32)


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}
