"""A small raw data set of every format, laid out as its publishers do. Each function fills a folder and returns it."""

import json
import shutil
from pathlib import Path

import numpy as np

from tests import toys
from tests.toys import picture, save, stripes


def folders(raw: Path) -> Path:
    return toys.raw_folders(raw)


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


def objects(raw: Path, write_one, count: int = 6) -> Path:
    """Six images; write_one(k, name) writes what a tool writes of the k-th."""
    for k in range(count):
        save(picture(k), raw / f"{k:04d}.jpg")
        write_one(k, f"{k:04d}")
    return raw


def as_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def labelme(raw: Path) -> Path:
    """A cat as a polygon, a dog as a rectangle over it."""
    corners = [SQUARE[k : k + 2] for k in range(0, 8, 2)]

    def write_one(k: int, name: str) -> None:
        shapes = [
            {"label": "cat", "points": corners, "group_id": None, "shape_type": "polygon", "flags": {}},
            {"label": "dog", "points": [[6, 4], [8, 5]], "group_id": None, "shape_type": "rectangle", "flags": {}},
        ]
        content = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": f"{name}.jpg", "imageData": None}
        as_json(raw / f"{name}.json", {**content, "imageHeight": 24, "imageWidth": 32})

    return objects(raw, write_one)


def yolo_seg(raw: Path) -> Path:
    """images/train, images/val and labels/ with shares of width and height."""
    for k, split in enumerate(["train", "train", "train", "val"]):
        save(picture(k), raw / "images" / split / f"{k}.jpg")
        shares = [value / (24 if at % 2 else 32) for at, value in enumerate(SQUARE)]
        text = raw / "labels" / split / f"{k}.txt"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("1 " + " ".join(f"{value:.6f}" for value in shares) + "\n")
    (raw / "data.yaml").write_text("path: .\ntrain: images/train\nval: images/val\nnames: {0: cat, 1: dog}\n")
    return raw


def supervisely(raw: Path) -> Path:
    """A polygon with a hole in one data set."""
    corners = [SQUARE[k : k + 2] for k in range(0, 8, 2)]
    classes = [
        {"title": "cat", "shape": "any", "color": "#7ED321"},
        {"title": "dog", "shape": "any", "color": "#D0021B"},
    ]
    as_json(raw / "meta.json", {"classes": classes, "tags": []})
    for k in range(6):
        save(picture(k), raw / "ds0" / "img" / f"{k}.jpg")
        points = {"exterior": corners, "interior": [[[6, 4], [8, 4], [8, 6], [6, 6]]]}
        figure = {"id": k, "classTitle": "cat", "geometryType": "polygon", "points": points}
        content = {"description": "", "tags": [], "size": {"height": 24, "width": 32}, "objects": [figure]}
        as_json(raw / "ds0" / "ann" / f"{k}.jpg.json", content)
    return raw


def dsb2018(raw: Path) -> Path:
    """Two objects an image, one file each."""
    for k in range(6):
        folder = raw / "stage1_train" / f"{k:02d}abc"
        save(picture(k), folder / "images" / f"{k:02d}abc.png")
        for part, value in enumerate(((255, 0, 0), (0, 0, 255))):
            save(stripes(values=value), folder / "masks" / f"{k:02d}abc{part}ff.png")
    return raw


def cvat_images(raw: Path) -> Path:
    """A polygon, and a mask of three pixels over it."""
    labels = "".join(
        f"<label><name>{name}</name><color>{colour}</color><type>any</type><attributes></attributes></label>"
        for name, colour in (("cat", "#307020"), ("dog", "#b07020"))
    )
    points = ";".join(f"{SQUARE[k]},{SQUARE[k + 1]}" for k in range(0, 8, 2))
    shapes = (
        f'<polygon label="cat" source="manual" occluded="0" points="{points}" z_order="0"></polygon>'
        '<mask label="dog" source="manual" occluded="0" rle="1, 2, 1" left="6" top="4" width="2" height="2" z_order="1"></mask>'
    )
    entries = ""
    for k in range(6):
        save(picture(k), raw / "images" / f"frame {k}.jpg")
        entries += f'<image id="{k}" name="frame {k}.jpg" width="32" height="24">{shapes}</image>'
    meta = f"<meta><task><id>1</id><labels>{labels}</labels></task></meta>"
    text = f'<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>{meta}{entries}</annotations>'
    (raw / "annotations.xml").write_text(text)
    return raw


def label_studio(raw: Path) -> Path:
    """A square of percents, and a smaller one over it."""

    def square(label: str, x: float, y: float, width: float, height: float) -> dict:
        value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [label]}
        return {"id": label, "type": "rectanglelabels", "value": value, "original_width": 32, "original_height": 24}

    tasks = []
    for k in range(1, 7):
        save(picture(k), raw / "images" / f"photo {k}.jpg")
        results = [square("cat", 12.5, 25 / 3, 25, 100 / 3), square("dog", 18.75, 50 / 3, 6.25, 25 / 3)]
        annotation = {"id": k + 10, "completed_by": 1, "result": results}
        tasks.append({"id": k, "data": {"image": f"/data/upload/1/photo {k}.jpg"}, "annotations": [annotation]})
    as_json(raw / "project.json", tasks)
    return raw


def label_studio_png(raw: Path) -> Path:
    """Two strokes an image, left and right."""
    for k in range(1, 7):
        save(picture(k), raw / "images" / f"photo {k}.jpg")
        for label, values in (("cat", (255, 0)), ("dog-like", (0, 255))):
            save(stripes(values=values), raw / "masks" / f"task-{k}-annotation-{k + 10}-by-1-tag-{label}-0.png")
    return raw


def coco_panoptic(raw: Path) -> Path:
    """Three segments in stripes: number 1 (sky), void, number 513 (cat)."""
    images, annotations = [], []
    for k in range(3):
        save(picture(k), raw / "train2017" / f"{k}.jpg")
        colours = np.array([(1, 0, 0), (0, 0, 0), (1, 2, 0)], np.uint8)[stripes()]
        save(colours, raw / "annotations" / "panoptic_train2017" / f"{k}.png")
        images.append({"id": k, "file_name": f"{k}.jpg", "height": 24, "width": 32})
        segments = [{"id": 1, "category_id": 1, "iscrowd": 0}, {"id": 513, "category_id": 7, "iscrowd": 0}]
        annotations.append({"image_id": k, "file_name": f"{k}.png", "segments_info": segments})
    categories = [{"id": 1, "name": "sky", "isthing": 0}, {"id": 7, "name": "cat", "isthing": 1}]
    write(raw / "annotations" / "panoptic_train2017.json", images, annotations, categories)
    return raw


def huggingface(raw: Path) -> Path:
    """train/ and validation/ with metadata.jsonl, ids named by id2label.json."""
    for split, count in (("train", 3), ("validation", 2)):
        rows = []
        for k in range(count):
            save(picture(k + 10 * count), raw / split / "images" / f"{k}.jpg")
            save(stripes(), raw / split / "masks" / f"{k}.png")
            rows.append(json.dumps({"file_name": f"images/{k}.jpg", "mask_file_name": f"masks/{k}.png"}))
        (raw / split / "metadata.jsonl").write_text("\n".join(rows) + "\n")
    as_json(raw / "id2label.json", {"0": "sky", "1": "tree", "2": "road"})
    return raw


def save_volume(array: np.ndarray, path: Path, affine: np.ndarray | None = None) -> None:
    from nibabel.nifti1 import Nifti1Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Nifti1Image(array, np.eye(4) if affine is None else affine).to_filename(path)


def nifti(raw: Path) -> Path:
    """Six volumes of four axial slices as in nnU-Net, two classes in stripes."""
    for k in range(6):
        numbers = np.random.default_rng(k).normal(0, 300, (12, 10, 4)).astype(np.float32)
        label = np.broadcast_to(stripes((12, 10), (0, 1))[..., None], (12, 10, 4)).astype(np.uint8)
        affine = np.diag([1.0, 1.0, 5.0, 1.0])
        save_volume(numbers, raw / "imagesTr" / f"case_{k:03d}_0000.nii.gz", affine)
        save_volume(label, raw / "labelsTr" / f"case_{k:03d}.nii.gz", affine)
    as_json(raw / "dataset.json", {"labels": {"background": 0, "organ": 1}, "channel_names": {"0": "CT"}})
    return raw


def save_geo(array: np.ndarray, path: Path, left: float = 500_000.0, **options) -> None:
    """(bands, h, w) on a grid of half a metre."""
    import rasterio
    from rasterio.transform import from_origin

    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = array.shape
    place = {"crs": "EPSG:32633", "transform": from_origin(left, 5_300_000.0, 0.5, 0.5), **options}
    shape = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": array.dtype}
    with rasterio.open(path, "w", **shape, **place) as file:
        file.write(array)


def geotiff(raw: Path) -> Path:
    """Six tiles of four bands of 16 bits; the left two columns are nodata."""
    for k in range(6):
        bands = np.random.default_rng(k).integers(1, 4000, (4, 24, 32)).astype(np.uint16)
        bands[:, :, :2] = 0
        save_geo(bands, raw / "images" / f"tile_{k}.tif", 500_000.0 + 16 * k, nodata=0)
        save_geo(stripes()[None], raw / "masks" / f"tile_{k}.tif", 500_000.0 + 16 * k)
    as_json(raw / "classes.json", {"classes": ["field", "road", "water"]})
    return raw
