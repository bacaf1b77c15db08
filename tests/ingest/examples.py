"""A small raw data set of every format, laid out as its publishers do. Each function fills a folder and returns it."""

import json
import shutil
from pathlib import Path

import numpy as np

from tests.ingest import raw as make
from tests.ingest.raw import picture, save, stripes


def folders(raw: Path) -> Path:
    return make.folders(raw)


def brain(raw: Path) -> Path:
    shutil.copytree("data/raw/brain", raw)
    return raw


def toy(raw: Path) -> Path:
    shutil.copytree("data/raw/toy", raw)
    return raw


def voc(raw: Path) -> Path:
    """Two images of train, one of val, one that no list names; palette masks with a void border."""
    from PIL import Image

    root = raw / "VOCdevkit" / "VOC2012"
    for k, name in enumerate(["2007_000032", "2007_000039", "2007_000063", "2007_000099"]):
        save(picture(k), root / "JPEGImages" / f"{name}.jpg")
        if k < 3:
            mask = Image.fromarray(stripes(values=(0, 15, 255)))
            mask.putpalette([k % 256 for k in range(768)])
            (root / "SegmentationClass").mkdir(exist_ok=True)
            mask.save(root / "SegmentationClass" / f"{name}.png")
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_000032\n2007_000039\n")
    (lists / "val.txt").write_text("2007_000063\n")
    return raw


def cityscapes(raw: Path, kind: str = "labelIds", values: tuple[int, ...] = (0, 7, 33)) -> Path:
    for k, (split, city) in enumerate([("train", "aachen"), ("train", "ulm"), ("val", "lindau"), ("test", "berlin")]):
        stem = f"{city}_00000{k}_000019"
        save(picture(k), raw / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png")
        save(stripes(values=values), raw / "gtFine" / split / city / f"{stem}_gtFine_{kind}.png")
    return raw


def ade20k(raw: Path) -> Path:
    for k, split in enumerate(["training", "training", "validation"]):
        name = f"ADE_{split[:5]}_{k:08d}"
        save(picture(k), raw / "images" / split / f"{name}.jpg")
        save(stripes(values=(0, 1, 150)), raw / "annotations" / split / f"{name}.png")
    return raw


def kvasir(raw: Path) -> Path:
    """Six images, so that the hash of the ids gives train some; JPEG masks with smeared edges."""
    for k in range(6):
        save(picture(k), raw / "images" / f"cju{k}.jpg")
        save(np.dstack([stripes(values=(0, 255))] * 3), raw / "masks" / f"cju{k}.jpg", quality=80)
    return raw


SQUARE = [4, 2, 12, 2, 12, 10, 4, 10]  # x, y corners: columns 4 to 11, rows 2 to 9


def coco(raw: Path, stuff: bool = False) -> Path:
    """A square (cat), a smaller run-length patch inside it (dog), a crowd of dogs."""
    categories = [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog"}]
    for k, split in enumerate(["train", "val"]):
        folder = f"{split}2017"
        save(picture(k), raw / folder / f"00{k}.jpg")
        patch = np.zeros((24, 32), bool)
        patch[4:6, 6:9] = True
        crowd = np.zeros((24, 32), bool)
        crowd[20:, :] = True
        annotations = [
            {"id": 1, "image_id": k, "category_id": 18, "segmentation": runs(patch), "iscrowd": 0},
            {"id": 2, "image_id": k, "category_id": 17, "segmentation": [SQUARE], "iscrowd": 0},
            {"id": 3, "image_id": k, "category_id": 18, "segmentation": runs(crowd), "iscrowd": 1},
        ]
        images = [{"id": k, "file_name": f"00{k}.jpg", "height": 24, "width": 32}]
        write(raw / "annotations" / f"instances_{folder}.json", images, annotations, categories)
        write(raw / "annotations" / f"captions_{folder}.json", images, [], [])
        if stuff:
            sky, other = np.zeros((24, 32), bool), np.zeros((24, 32), bool)
            sky[:, 16:], other[2:10, 4:12] = True, True
            more = [
                {"id": 11, "image_id": k, "category_id": 106, "segmentation": runs(sky), "iscrowd": 0},
                {"id": 12, "image_id": k, "category_id": 183, "segmentation": runs(other), "iscrowd": 0},
            ]
            names = [{"id": 106, "name": "sky"}, {"id": 183, "name": "other"}]
            write(raw / "annotations" / f"stuff_{folder}.json", images, more, names)
    return raw


def write(path: Path, images: list, annotations: list, categories: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def runs(inside: np.ndarray) -> dict:
    """Uncompressed run lengths, down the columns, beginning with outside."""
    flat = inside.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    counts = np.diff([0, *edges.tolist(), flat.size]).tolist()
    return {"size": list(inside.shape), "counts": [0, *counts] if flat[0] else counts}
