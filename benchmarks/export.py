"""Export, diff and the official readers.

    OMP_NUM_THREADS=1 python -m benchmarks.export
    python -m benchmarks.export --install     the readers `datasets` and cityscapesScripts, into an environment of their own

diff      `segmend diff` of two rounds of 3,000 images of 256 x 256, one process, against reading their label maps once
readers   a data set of 12 images with labels of every id, written in each format and read by the format's own software: pycocotools and
          torchvision here; datasets, cityscapesScripts and Label Studio's converter in environments of their own (they do not go together
          with this project's), where these are: ~/.cache/segmend/readers, ~/.cache/segmend/label-studio
That ingest reads every export back, pixel by pixel, is a property test (tests/export/formats/test_common.py). Writes results/export.md.
"""

import subprocess
import sys
import venv
from json import dumps, loads
from os import environ
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np

from benchmarks.claims import Claim, arguments, cells, plus_minus, spread, write
from benchmarks.label_studio import HOME as LABEL_STUDIO
from segmend.images.dataset import Card, Labels, Sample
from segmend.images.rasters import UNLABELLED, VOID, read_labels
from tasks.export.formats._base import Item
from tasks.export.formats.cityscapes import LABEL_IDS, Cityscapes
from tasks.export.formats.coco import Coco
from tasks.export.formats.huggingface import Huggingface
from tasks.export.formats.label_studio import LabelStudio
from tasks.export.formats.voc import Voc
from tasks.report import compare

READERS = Path(environ.get("SEGMEND_READERS") or Path.home() / ".cache/segmend/readers")
IMAGES, SIZE, CHANGED = 3000, 256, 0.01
SEEDS = (0, 1, 2)
COLOURS = tuple((7 * k, 255 - 9 * k, 40) for k in range(19))
CARD = Card(name="set", classes=tuple(LABEL_IDS), colours=COLOURS, mean=(0.5,) * 3, deviation=(0.25,) * 3)

IN_DATASETS = """
import sys, json, numpy as np
from datasets import load_dataset
found = load_dataset("imagefolder", data_dir=sys.argv[1], cache_dir=sys.argv[2])
print(json.dumps({row["id"]: np.asarray(row["mask"]).tolist() for part in found.values() for row in part}))
"""
IN_CITYSCAPES = """
import sys, json, pathlib, numpy as np
from PIL import Image
from cityscapesscripts.helpers.labels import id2label
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*_gtFine_labelIds.png")):
    ids = np.asarray(Image.open(path))
    names = np.vectorize(lambda k: id2label[int(k)].trainId)(ids)
    found[path.name.replace("_gtFine_labelIds.png", "")] = names.tolist()
print(json.dumps(found))
"""
IN_LABEL_STUDIO = """
import sys, json, numpy as np
from label_studio_sdk.converter.brush import decode_rle
found = {}
for task in json.load(open(sys.argv[1])):
    for part in task["predictions"][0]["result"]:
        flat = np.asarray(decode_rle(part["value"]["rle"]))
        mask = flat.reshape(part["original_height"], part["original_width"], 4)[..., 3] > 0
        found.setdefault(task["data"]["id"], {}).setdefault(part["value"]["brushlabels"][0], np.zeros(mask.shape, bool))
        found[task["data"]["id"]][part["value"]["brushlabels"][0]] |= mask
print(json.dumps({key: {name: mask.tolist() for name, mask in masks.items()} for key, masks in found.items()}))
"""


def blobs(rng: np.random.Generator) -> np.ndarray:
    """A label map of 12 classes in smooth pieces, uint8 (SIZE, SIZE)."""
    coarse = rng.integers(0, 12, (8, 8)).astype(np.uint8)
    return np.kron(coarse, np.ones((SIZE // 8, SIZE // 8), np.uint8))


def timed(seed: int) -> dict[str, Any]:
    """Seconds of the processor: reading both rounds once, and comparing them."""
    environ["SEGMEND_WORKERS"] = "1"
    rng = np.random.default_rng(seed)
    with TemporaryDirectory() as place:
        folders = [Path(place) / name for name in ("r0", "r1")]
        for k in range(IMAGES):
            labels = blobs(rng)
            changed = labels.copy()
            side = int(SIZE * CHANGED**0.5)
            top, left = rng.integers(0, SIZE - side, 2)
            changed[top : top + side, left : left + side] = rng.integers(12)
            for folder, pixels in zip(folders, (labels, changed), strict=True):
                Labels(folder).write(f"{k:04d}", pixels, CARD)
        begin = process_time()
        for folder in folders:
            for path in sorted((folder / "maps").glob("*.png")):
                read_labels(path)
        read = process_time()
        sets = [compare.label_folder(folder) for folder in folders]
        content = compare.compare(sets[0], sets[1], Path(place) / "out", None)
        done = process_time()
    return {
        "images": content["images"],
        "read": read - begin,
        "diff": done - read,
        "changed": content["changed_pixels"],
    }


def sample_set(seed: int = 0) -> list[Item]:
    rng = np.random.default_rng(seed)
    items = []
    for k in range(12):
        labels = rng.choice(np.array([*range(19), UNLABELLED, VOID], np.uint8), (24, 31))
        split = ("train", "val", "test")[k % 3]
        image = rng.integers(256, size=(24, 31, 3), dtype=np.uint8)
        items.append(Item(Sample(f"town/i{k:02d}", split, 24, 31, "", ""), image, labels))
    return items


def elsewhere(home: Path, code: str, *words: str) -> Any:
    """What a snippet prints as JSON in an environment of its own; None where that is not there."""
    if not (home / "bin/python").is_file():
        return None
    done = subprocess.run([home / "bin/python", "-c", code, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return loads(done.stdout.splitlines()[-1])


def readers() -> dict[str, Any]:
    """How many of the images each format's own software reads as they were written; null where the software is not installed."""
    items = sample_set()
    masks = {item.sample.id: np.where(item.labels == UNLABELLED, VOID, item.labels) for item in items}
    row: dict[str, Any] = {}
    with TemporaryDirectory() as place:
        out = {
            name: Path(place) / name
            for name in ("coco", "VOCdevkit/VOC2012", "huggingface", "cityscapes", "label_studio")
        }
        for folder, method in zip(
            out.values(), (Coco(), Voc(), Huggingface(), Cityscapes(), LabelStudio()), strict=True
        ):
            folder.mkdir(parents=True)
            method.write(folder, CARD, iter(items), True)
        row["pycocotools"] = sum(same(masks[name], found) for name, found in by_pycocotools(out["coco"]).items())
        row["torchvision"] = sum(same(masks[name], found) for name, found in by_torchvision(Path(place), items).items())
        found = elsewhere(READERS, IN_DATASETS, str(out["huggingface"]), str(Path(place) / "cache"))
        row["datasets"] = found and sum(same(item.labels, np.array(found[item.sample.id])) for item in items)
        found = elsewhere(READERS, IN_CITYSCAPES, str(out["cityscapes"]))
        row["cityscapesScripts"] = found and sum(
            same(masks[item.sample.id], np.array(found[Path(item.sample.id).name]))
            for item in items
            if Path(item.sample.id).name in found
        )
        found = elsewhere(LABEL_STUDIO, IN_LABEL_STUDIO, str(out["label_studio"] / "tasks.json"))
        row["label_studio_sdk"] = found and sum(
            all(
                same(masks[key] == k, np.array(found[key].get(name, np.zeros_like(masks[key], bool))))
                for k, name in enumerate(CARD.classes)
            )
            for key in masks
        )
    return {"images": len(items), **row}


def same(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.array_equal(first, second))


def by_pycocotools(folder: Path) -> dict[str, np.ndarray]:
    from pycocotools.coco import COCO

    found = {}
    for path in sorted((folder / "annotations").glob("*.json")):
        coco = COCO(str(path))
        for image in coco.loadImgs(coco.getImgIds()):
            labels = np.full((image["height"], image["width"]), VOID, np.uint8)
            for annotation in coco.loadAnns(coco.getAnnIds(image["id"])):
                labels[coco.annToMask(annotation) > 0] = annotation["category_id"] - 1
            found[image["file_name"].removesuffix(".png")] = labels
    return found


def by_torchvision(place: Path, items: list[Item]) -> dict[str, np.ndarray]:
    from torchvision.datasets import VOCSegmentation

    found = {}
    for split in ("train", "val"):
        names = [item.sample.id for item in items if item.sample.split == split]
        read = VOCSegmentation(str(place), "2012", split)
        found |= {name: np.asarray(read[k][1]) for k, name in enumerate(names)}
    return found


EXPECTED = {"pycocotools": 12, "torchvision": 8, "datasets": 12, "cityscapesScripts": 12, "label_studio_sdk": 12}


def page(rows: list[dict[str, Any]], read: dict[str, Any]) -> str:
    lines = [
        "# Export, diff and the official readers", "", "`python -m benchmarks.export`, one thread, seconds of the processor.", "",
        f"**Diff** of two rounds of {IMAGES:,} images of {SIZE} x {SIZE}, {CHANGED:.0%} of the pixels changed; tables, page and pictures included:",
        f"{plus_minus([row['diff'] for row in rows], 1)} s, {plus_minus([row['diff'] / row['read'] for row in rows], 2)} times reading all label maps once",
        f"({plus_minus([row['read'] for row in rows], 1)} s).", "", "| official reader | images read as they were written | of |", "|---|---|---|",
    ]  # fmt: skip
    for name, number in EXPECTED.items():
        lines.append(f"| {name} | {'not installed' if read[name] is None else read[name]} | {number} |")
    lines += [
        "", "Labels hold every class, void and \"not labelled yet\", which becomes void where the format has one id for both. torchvision's VOC reader",
        "knows train and val only. cityscapesScripts: its table of label ids gives the train ids back. label_studio_sdk: its converter decodes the strokes.",
        "CVAT goes by files and was not run: its server needs containers.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    chosen = arguments("export", __doc__, install={"action": "store_true"})
    if chosen.install:
        venv.create(READERS, with_pip=True)
        subprocess.run([READERS / "bin/pip", "install", "--quiet", "datasets", "cityscapesScripts"], check=True)
    read = readers()
    print(dumps(read))
    rows = cells("export", [{"seed": seed} for seed in SEEDS], timed)
    ratios = [row["diff"] / row["read"] for row in rows]
    installed = {name: number for name, number in EXPECTED.items() if read[name] is not None}
    agree = [read[name] / number for name, number in installed.items()]
    made = [
        Claim(
            "diff of two rounds of 3,000 images, times reading them",
            "at most 2",
            mean(ratios),
            len(ratios),
            spread(ratios),
            mean(ratios) <= 2,
        ),
        Claim(
            f"images that official readers read as written ({', '.join(installed)})",
            "all",
            mean(agree),
            1,
            None,
            min(agree) == 1,
        ),
    ]
    write("export", made, page(rows, read))


if __name__ == "__main__":
    sys.exit(main())
