"""The one builder of toy workspaces: what the stages read, drawn small, with known mistakes and known truth.

leaves       ground, leaf and stone: masks and truth as ingest writes them, and params.yaml
rounds       disks: everything that evaluate and report read, labels and networks of two rounds
shapes       discs and squares: a dataset of any size and its labels, for training
brain        ten real slices of the MNI152 template and their labels, for training
raw_folders  raw data in the format `folders`, for ingest
clone        the shipped project with toy settings, in which nothing ran yet
"""

import shutil
from collections.abc import Iterable
from gzip import decompress
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segmend.answers import forecasts, history
from segmend.images.dataset import Card, Dataset, Labels, Sample, write_card, write_samples, write_truth_list
from segmend.images.rasters import UNLABELLED, VOID, write_labels, write_maps
from tests import pipeline


def card(name: str, things: tuple[str, ...], colours: tuple, mean: float, deviation: float, **more) -> Card:
    """The classes are ground, which is black, and the things."""
    statistics = {"mean": (mean,) * 3, "deviation": (deviation,) * 3}
    return Card(name=name, classes=("ground", *things), colours=((0, 0, 0), *colours), **statistics, **more)


class Drawn(NamedTuple):
    """An image (h, w, 3), its split, and those of its label maps (h, w) that a workspace has."""

    name: str
    split: str
    image: np.ndarray
    mask: np.ndarray | None = None
    truth: np.ndarray | None = None
    source: str = ""


def write_dataset(root: Path, about: Card, drawn: Iterable[Drawn], origin: str | None = None) -> Dataset:
    """Write dataset/ as ingest would, and truth/ with the `origin` of its maps if one is given."""
    samples, origins = [], {}
    for item in drawn:
        save(item.image, root / "dataset/images" / f"{item.name}.png")
        if item.mask is not None:
            write_labels(root / "dataset/masks" / f"{item.name}.png", item.mask, about.palette)
        if item.truth is not None:
            write_labels(root / "truth" / f"{item.name}.png", item.truth, about.palette)
            origins[item.name] = origin
        digest = sha256(item.image.tobytes()).hexdigest()
        samples.append(Sample(item.name, item.split, *item.image.shape[:2], digest, item.source))
    write_card(root / "dataset", about)
    write_samples(root / "dataset", samples)
    if origin is not None:
        write_truth_list(root / "truth", origins)
    return Dataset(root / "dataset", root / "truth")


def save(array: np.ndarray, path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def noisy(colours: np.ndarray, random: np.random.Generator, deviation: float) -> np.ndarray:
    """The colours of every pixel as uint8, with noise."""
    return np.clip(colours + random.normal(0, deviation, colours.shape), 0, 255).astype(np.uint8)


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in paths}


LEAF_CARD = card("blocks", ("leaf", "stone"), ((0, 160, 0), (160, 160, 160)), 0.5, 0.3)
LEAF_SPLITS = {"a/0": "train", "a/1": "train", "a/2": "train", "b": "val", "c": "test"}
LEAF_SHAPE = (40, 48)
LEAF_PARAMS = """\
seed: 0
superpixelize: {method: {name: slic, slic: {regions: 30}}}
pseudo_label: {labeller: {name: given}}
query: {acquisition: {name: sim}}
correct: {oracle: {name: ground_truth}}
rounds: {r1: {prev: r0, budget: 10%}, r2: {prev: r1, budget: 7}}
models: {r0: {prev: start}, r1: {prev: r0}, r2: {prev: r1}}
last: r2
"""


def leaf_truth(k: int) -> np.ndarray:
    """Ground, with a leaf and a stone that stand elsewhere in every image."""
    truth = np.zeros(LEAF_SHAPE, np.uint8)
    truth[4 + 2 * k : 20, 4:22] = 1
    truth[22:38, 24 + k : 44] = 2
    return truth


def leaf_mask(truth: np.ndarray) -> np.ndarray:
    """The truth with the stone labelled leaf in part, and a void strip at the rim."""
    mask = truth.copy()
    mask[22:38, 30:44] = 1
    mask[:, :2] = VOID
    return mask


def leaves(
    root: Path, truth: bool = True, splits: dict[str, str] = LEAF_SPLITS, without_mask: tuple[str, ...] = ()
) -> Dataset:
    """Dataset, truth and params.yaml; without truth an empty list of it."""
    (root / "params.yaml").write_text(LEAF_PARAMS)
    random, drawn = np.random.default_rng(0), []
    for k, (name, split) in enumerate(splits.items()):
        true = leaf_truth(k)
        image = noisy(np.array([(40, 40, 40), (60, 180, 60), (200, 200, 210)])[true], random, 6)
        mask = None if name in without_mask else leaf_mask(true)
        drawn.append(Drawn(name, split, image, mask, true if truth else None, "drawn"))
    return write_dataset(root, LEAF_CARD, drawn, "planted")


def leaf_probabilities(model, dataset, samples):
    """In place of segmend.network.inference.stream: 0.8 for the true class, 0.1 for the others."""
    for sample in samples:
        k = list(LEAF_SPLITS).index(sample.id)
        yield sample, np.where(leaf_truth(k) == np.arange(3)[:, None, None], 0.8, 0.1).astype(np.float32)


COLOURS = ((200, 80, 0), (0, 120, 200))
ABOUT = {"source": "drawn for tests", "notice": "Toy data & nothing else."}
DISK_CARD = card("toy", ("disk <b>", "never seen"), COLOURS, 0.5, 0.25, **ABOUT)
DISK_SPLITS = {
    "a/0": "train", "a/1": "train", "a/2": "train", "b/0": "val", "c/0": "test", "c/1": "test", "c/2": "test",
}  # fmt: skip


def disk_truth(k: int) -> np.ndarray:
    """A disk in the middle; sizes differ, and no side is a multiple of the network's stride."""
    height, width = (30, 37) if k % 2 else (24, 30)
    rows, columns = np.ogrid[:height, :width]
    return (np.hypot(rows - height / 2, columns - width / 2) < 5 + k).astype(np.uint8)


def cells(shape: tuple[int, int], height: int, width: int) -> np.ndarray:
    """Regions of `height` x `width` pixels, numbered along the rows."""
    rows, columns = np.arange(shape[0])[:, None] // height, np.arange(shape[1]) // width
    return (rows * -(-shape[1] // width) + columns).astype(np.int32)


def rounds(root: Path, truth: tuple[str, ...] = ("train", "val", "test")) -> Path:
    """Dataset, truth (of the named splits), regions, labels r0 and r1, models r0 and r1, the start of the scores.

    The labels of r0 have 20 wrong pixels an image and two rows without a label; those of r1 have 10 of the 20 corrected.
    """
    import torch  # here, since the tests of flows do without

    from segmend.network import segmenter
    from segmend.network.architectures.unet import UNet

    random, drawn, truths = np.random.default_rng(0), [], {}
    for k, (name, split) in enumerate(DISK_SPLITS.items()):
        truths[name] = true = disk_truth(k)
        image = noisy(np.repeat(80 + 90 * true[..., None].astype(np.int64), 3, axis=2), random, 12)
        drawn.append(Drawn(name, split, image, truth=true if split in truth else None, source=f"{name}.jpg"))
        if split != "test":
            first = true.copy()
            first[:4, :5] = 1
            first[-2:] = UNLABELLED
            second = first.copy()
            second[:2, :5] = 0
            for key, labels in (("r0", first), ("r1", second)):
                Labels(root / "labels" / key).write(name, labels, DISK_CARD)
    write_dataset(root, DISK_CARD, drawn, "given")
    write_disk_history(root)
    done = {"answered": 3, "clicks": 3.5, "changed": 30, "fixed": 28 if "train" in truth else None}
    forecast = forecasts.Forecast(round="r1", questions=3, expected=25.4, **done)
    forecasts.write(root / "labels/r1/forecasts.json", [forecast])
    write_maps(root / "regions", ((name, cells(true.shape, 2, 5)) for name, true in truths.items()), len(truths))
    for k in range(2):
        torch.manual_seed(k)
        segmenter.save(root / f"models/r{k}", segmenter.build(UNet(widths=(4, 6)), 3), UNet(widths=(4, 6)), DISK_CARD)
    (root / "scores/start").mkdir(parents=True)
    (root / "scores/start/rounds.json").write_text("[]")
    return root


def write_disk_history(root: Path) -> None:
    """Of r0 no rows; of r1 three answers, and what an expansion relabelled: no query, no answer, no clicks."""
    shared = {"round": "r1", "old": DISK_CARD.classes[1], "new": "ground"}
    rows = []
    for k in range(3):
        about = {"query": f"r1-{k:05d}", "image": f"a/{k}", "region": k, "kind": "class", "who": "ada <i>"}
        answer = {"shown": DISK_CARD.classes[1], "answer": "ground", "clicks": 1.0 + 0.5 * (k == 2), "seconds": 4.0}
        rows.append({**shared, **about, **answer, "pixels": 10, "changed": 10})
    about = {"query": "", "image": "a/0", "region": -1, "kind": history.AUTO, "who": "evidence"}
    rows.append({**shared, **about, "pixels": 7, "changed": 7, "clicks": 0.0, "seconds": 0.0})
    history.write(root / "labels/r0", history.empty())
    history.write(root / "labels/r1", history.table(rows))


def evaluate_paths(root: Path, k: int) -> dict:
    """The arguments of evaluate for round k of `rounds`."""
    paths = {"labels": f"labels/r{k}", "model": f"models/r{k}", "out": f"scores/r{k}"}
    paths |= {"before": f"scores/r{k - 1}" if k else "scores/start"}
    paths |= {name: name for name in ("dataset", "truth", "regions")}
    return {"round": f"r{k}", **{name: root / path for name, path in paths.items()}}


SHAPE_CARD = card("toy", ("disc", "square"), COLOURS, 0.4, 0.2)


def draw_shapes(random: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An image of a disc and a square of different brightness on a dark ground, with noise; its labels."""
    labels = np.zeros((height, width), np.uint8)
    row, column = random.integers(height), random.integers(width)
    rows, columns = np.ogrid[:height, :width]
    labels[(rows - row) ** 2 + (columns - column) ** 2 < (min(height, width) / 3) ** 2] = 1
    top, left = random.integers(height // 2), random.integers(width // 2)
    labels[top : top + height // 3, left : left + width // 3] = 2
    return noisy(np.repeat(np.array([40, 120, 200])[labels][..., None], 3, axis=2), random, 12), labels


def shapes(root: Path, train: int = 10, val: int = 3, test: int = 2, size: tuple[int, int] = (33, 41)) -> Path:
    """Dataset and labels; every third image is a little larger, some pixels are void or unlabelled."""
    random, drawn = np.random.default_rng(0), []
    for split, count in (("train", train), ("val", val), ("test", test)):
        for k in range(count):
            image, labels = draw_shapes(random, size[0] + 2 * (k % 3 == 2), size[1])
            labels[0], labels[1] = VOID, UNLABELLED
            drawn.append(Drawn(f"{split}/{k:04d}", split, image))
            if split != "test":
                Labels(root / "labels").write(f"{split}/{k:04d}", labels, SHAPE_CARD)
    write_dataset(root, SHAPE_CARD, drawn)
    return root


def brain(root: Path) -> Path:
    """Ten real slices (MNI152 template, every third pixel): eight to learn from, two to validate on."""
    import nibabel

    folder, volumes = files("nilearn") / "datasets" / "data", []
    for kind in ("t1", "gm", "wm"):
        content = (folder / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz").read_bytes()
        volumes.append(np.asarray(nibabel.Nifti1Image.from_bytes(decompress(content)).dataobj)[::3, ::3])
    light, grey, white = (volume.astype(np.float32) / 255 for volume in volumes)
    labels = np.where(grey + white < 0.5, 0, np.where(grey > white, 1, 2)).astype(np.uint8)
    tissue = card("toy", ("grey", "white"), COLOURS, 0.25, 0.34).model_copy(
        update={"classes": ("outside", "grey", "white")}
    )
    drawn = []
    for k, height in enumerate(range(70, 110, 4)):
        image = np.repeat((light[:, :, height, None] * 255).astype(np.uint8), 3, axis=2)
        drawn.append(Drawn(f"{height:03d}", "val" if k in (4, 5) else "train", image))
        Labels(root / "labels").write(f"{height:03d}", labels[:, :, height], tissue)
    write_dataset(root, tissue, drawn)
    return root


def picture(seed: int, size: tuple[int, int] = (24, 32)) -> np.ndarray:
    """A random image, different for every seed."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def stripes(size: tuple[int, int] = (24, 32), values: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Vertical stripes of equal width, one per value."""
    columns = np.arange(size[1]) * len(values) // size[1]
    return np.broadcast_to(np.array(values)[columns], size).astype(np.uint8)


def raw_folders(raw: Path, splits: dict[str, int] | None = None) -> Path:
    """Images a train, b val, c test and so on, three classes in stripes, named classes, splits.csv."""
    names = [split for split, count in (splits or {"train": 3, "val": 1, "test": 1}).items() for _ in range(count)]
    for k, split in enumerate(names):
        save(picture(k), raw / "images" / f"{split}_{k}.png")
        save(stripes(), raw / "masks" / f"{split}_{k}.png")
    rows = [f"{split}_{k},{split}\n" for k, split in enumerate(names)]
    (raw / "splits.csv").write_text("".join(["id,split\n", *rows]))
    (raw / "classes.json").write_text('{"classes": ["sky", "tree", "road"]}')
    return raw


def clone(workspace: Path, root: Path = pipeline.ROOT) -> Path:
    """A clone of the sources below `root`, with toy settings and one round, in which nothing ran yet."""
    for name in pipeline.sources(root):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, workspace / name)
    pipeline.git(workspace, "init", "--quiet", "--initial-branch=main")
    pipeline.git(workspace, "config", "user.email", "toy@example.org")
    pipeline.git(workspace, "config", "user.name", "toy")
    pipeline.edit(workspace, {"seed": 0, **pipeline.toy_settings()})
    pipeline.segmend(workspace, "rounds", "1", "--budget", "6%")
    pipeline.git(workspace, "add", "--all")
    pipeline.git(workspace, "commit", "--quiet", "--message=toy")
    return workspace
