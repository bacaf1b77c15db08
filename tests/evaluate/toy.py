"""A workspace of small images with disks, imperfect labels of two rounds and a small network, written as the stages write."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from segmend.answers import forecasts, history
from segmend.answers.forecasts import Forecast
from segmend.images.dataset import Card, Dataset, Labels, Sample, write_card, write_samples, write_truth_list
from segmend.images.rasters import UNLABELLED, write_labels, write_maps
from segmend.network import segmenter
from segmend.network.architectures.unet import UNet

CARD = Card(
    name="toy",
    classes=("ground", "disk <b>", "never seen"),
    colours=((0, 0, 0), (200, 80, 0), (0, 120, 200)),
    mean=(0.5, 0.5, 0.5),
    deviation=(0.25, 0.25, 0.25),
    source="drawn for tests",
    notice="Toy data & nothing else.",
)
SPLITS = {"a/0": "train", "a/1": "train", "a/2": "train", "b/0": "val", "c/0": "test", "c/1": "test", "c/2": "test"}


def disk(k: int, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (np.hypot(rows - shape[0] / 2, columns - shape[1] / 2) < 5 + k).astype(np.uint8)


def shape_of(k: int) -> tuple[int, int]:
    return (30, 37) if k % 2 else (24, 30)  # sizes differ, and no side is a multiple of the network's stride


def make(root: Path, truth: tuple[str, ...] = ("train", "val", "test")) -> Path:
    """Write dataset, truth (of the named splits), labels r0 and r1, models r0 and r1, the start of the scores."""
    random, samples, origins = np.random.default_rng(0), [], {}
    for k, (name, split) in enumerate(SPLITS.items()):
        true = disk(k, shape_of(k))
        image = np.clip(80 + 90 * true[..., None] + random.normal(0, 12, (*true.shape, 3)), 0, 255).astype(np.uint8)
        path = root / "dataset" / "images" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        samples.append(Sample(name, split, *true.shape, "0" * 64, f"{name}.jpg"))
        if split in truth:
            write_labels(root / "truth" / f"{name}.png", true, CARD.palette)
            origins[name] = "given"
        if split != "test":
            first = true.copy()
            first[:4, :5] = 1  # 20 wrong pixels, 10 of which the first round mends
            first[-2:] = UNLABELLED
            second = first.copy()
            second[:2, :5] = 0
            Labels(root / "labels" / "r0").write(name, first, CARD)
            Labels(root / "labels" / "r1").write(name, second, CARD)
    write_card(root / "dataset", CARD)
    write_samples(root / "dataset", samples)
    write_truth_list(root / "truth", origins)
    history.write(root / "labels" / "r0", history.empty())
    history.write(
        root / "labels" / "r1",
        history.table([*(answer(k, name) for k, name in enumerate(("a/0", "a/1", "a/2"))), automatic("a/0")]),
    )
    came = {"answered": 3, "clicks": 3.5, "changed": 30, "fixed": 28 if "train" in truth else None}
    told = Forecast(round="r1", questions=3, expected=25.4, **came)
    forecasts.write(root / "labels/r1/forecasts.json", [told])
    shapes = {name: shape_of(k) for k, name in enumerate(SPLITS)}
    write_maps(root / "regions", ((name, blocks(shape)) for name, shape in shapes.items()), len(shapes))
    for k in range(2):
        torch.manual_seed(k)
        segmenter.save(root / "models" / f"r{k}", segmenter.build(UNet(widths=(4, 6)), 3), UNet(widths=(4, 6)), CARD)
    (root / "scores" / "start").mkdir(parents=True)
    (root / "scores" / "start" / "rounds.json").write_text("[]")
    return root


def answer(k: int, image: str) -> dict:
    row = {"round": "r1", "query": f"r1-{k:05d}", "image": image, "region": k, "kind": "class", "who": "ada <i>"}
    names = {"shown": CARD.classes[1], "answer": "ground", "old": CARD.classes[1], "new": "ground"}
    return {**row, **names, "pixels": 10, "changed": 10, "clicks": 1.0 + 0.5 * (k == 2), "seconds": 4.0}


def automatic(image: str) -> dict:
    """Pixels that an expansion relabelled: no answer, no clicks."""
    blank = dict.fromkeys(history.SCHEMA.names)
    about = {"round": "r1", "query": "", "image": image, "region": -1, "kind": history.AUTO, "who": "evidence"}
    return {
        **blank,
        **about,
        "old": CARD.classes[1],
        "new": "ground",
        "pixels": 7,
        "changed": 7,
        "clicks": 0.0,
        "seconds": 0.0,
    }


def blocks(shape: tuple[int, int]) -> np.ndarray:
    """Regions of 2 x 5 pixels."""
    rows, columns = np.arange(shape[0])[:, None] // 2, np.arange(shape[1]) // 5
    return (rows * (shape[1] // 5 + 1) + columns).astype(np.int32)


def paths(root: Path, k: int) -> dict:
    """The arguments of evaluate for round k."""
    return {
        "round": f"r{k}",
        "dataset": root / "dataset",
        "truth": root / "truth",
        "labels": root / "labels" / f"r{k}",
        "model": root / "models" / f"r{k}",
        "regions": root / "regions",
        "before": root / "scores" / (f"r{k - 1}" if k else "start"),
        "out": root / "scores" / f"r{k}",
    }


def dataset(root: Path) -> Dataset:
    return Dataset(root / "dataset", root / "truth")
