"""Make data/raw/superalloy-demo anew: real micrographs, labelled by a network that was trained on other alloys.

    python -m tools.demo_data SOURCE [--out data/raw/superalloy-demo]

SOURCE holds images/ID.png, masks/ID.png (the truth), classes.json and splits.csv (id, split, set, source) of the superalloy
micrographs of NASA's pretrained-microscopy-models, cut into tiles of 256 x 256. The network sees the Super4 tiles and their truth only, and
labels the Super1 tiles of train and val; the test split is Super1 with its truth, and no Super4 tile is shipped. Of train and val
so many tiles are taken, evenly spread over the micrographs, that a run takes less than a minute (TILES). Nothing of this
was chosen by how well it labels Super1: it is the U-Net of params.yaml, trained for 200 steps. Same device, precision and
packages, same bytes.
"""

from argparse import ArgumentParser
from csv import DictReader, writer
from json import dumps, loads
from pathlib import Path
from shutil import copyfile, rmtree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from segmend.images.dataset import Dataset
from segmend.images.rasters import read_image
from segmend.network.inference import Predictor
from segmend.stage.params import validated
from tasks.ingest.__main__ import ingest
from tasks.pseudo_label.__main__ import pseudo_label
from tasks.superpixelize.__main__ import superpixelize
from tasks.train.__main__ import train

HERE = Path(__file__).resolve().parents[1] / "data/raw/superalloy-demo"
TAUGHT, LABELLED = "Super4", "Super1"
TILES = {"train": 24, "val": 8, "test": 16}
COLOURS = ((70, 70, 70), (230, 159, 0), (86, 180, 233))  # matrix, tertiary and secondary precipitate
SEED = 0
TRAIN = {
    "network": {"name": "unet"},
    "loss": {"name": "dice"},
    "gradients": [{"name": "znorm"}],
    "optimizer": {"name": "adamw", "adamw": {"lr": 5e-3}},
    "schedule": {"name": "polynomial"},
    "augmentations": [{"name": "flip"}, {"name": "crop", "crop": {"height": 112, "width": 112}}],
    "epochs": 40,  # 20 tiles in batches of 4: 5 steps each
    "batch": 4,
    "use": "last",
    "watch": 0,
}


class Tile(NamedTuple):
    """A row of SOURCE/splits.csv."""

    id: str
    split: str
    set: str


def tiles(source: Path) -> list[Tile]:
    with (source / "splits.csv").open(newline="") as file:
        return [Tile(row["id"], row["split"], row["set"]) for row in DictReader(file)]


def labelled(source: Path) -> list[Tile]:
    """The Super1 tiles that are shipped: of each split as many as TILES says, evenly spread."""
    chosen: list[Tile] = []
    for split, count in TILES.items():
        every = [tile for tile in tiles(source) if tile.set == LABELLED and tile.split == split]
        chosen += [every[k] for k in np.linspace(0, len(every) - 1, count).round().astype(int).tolist()]
    return chosen


def write_splits(folder: Path, rows: list[tuple[str, str]]) -> None:
    with (folder / "splits.csv").open("w", newline="") as file:
        writer(file, lineterminator="\n").writerows([("id", "split"), *rows])


def copied(source: Path, kind: str, name: str, out: Path, into: str) -> None:
    copyfile(source / kind / f"{name}.png", out / into / f"{name}.png")


def taught(source: Path, place: Path) -> Path:
    """The network that the Super4 tiles and their truth teach; `place` is empty and holds its files."""
    raw = place / "raw"
    names = [tile.id for tile in tiles(source) if tile.set == TAUGHT]
    for kind in ("images", "masks"):
        (raw / kind).mkdir(parents=True)
        for name in names:
            copied(source, kind, name, raw, kind)
    copyfile(source / "classes.json", raw / "classes.json")
    write_splits(raw, [(name, "train") for name in names])

    def run(stage: Any, settings: dict[str, Any], **paths: Path) -> None:
        command = stage.stage
        kind = command.__annotations__["settings"]
        command(validated(kind, settings, command.__name__), SEED, **paths)

    data = {"data": "raw", "format": {"name": "folders"}}
    run(ingest, data, raw=raw, out=place / "dataset", out_truth=place / "truth")
    run(superpixelize, {}, dataset=place / "dataset", truth=place / "truth", out=place / "regions")
    run(pseudo_label, {}, dataset=place / "dataset", regions=place / "regions", out=place / "labels")
    run(
        train, TRAIN, dataset=place / "dataset", labels=place / "labels", out=place / "model",
        out_curves=place / "curves.csv",
    )  # fmt: skip
    return place / "model"


def make(source: Path, out: Path) -> tuple[int, int]:
    """Write the data set; returns how many pixels of train and val the network labels wrongly, and of how many."""
    with TemporaryDirectory() as folder:
        predictor = Predictor(taught(source, Path(folder)))
        assert predictor.classes == Dataset(Path(folder) / "dataset").classes
    for kind in ("images", "masks", "truth"):
        rmtree(out / kind, ignore_errors=True)
        (out / kind).mkdir(parents=True)
    wrong = pixels = 0
    shipped = labelled(source)
    for tile in shipped:
        copied(source, "images", tile.id, out, "images")
        copied(source, "masks", tile.id, out, "truth")
        if tile.split == "test":
            copied(source, "masks", tile.id, out, "masks")
            continue
        said = predictor(read_image(out / f"images/{tile.id}.png")).argmax(axis=0).astype(np.uint8)
        Image.fromarray(said).save(out / f"masks/{tile.id}.png")
        truth = np.asarray(Image.open(out / f"truth/{tile.id}.png"))
        wrong, pixels = wrong + int((said != truth).sum()), pixels + truth.size
    classes = loads((source / "classes.json").read_text())["classes"]
    (out / "classes.json").write_text(dumps({"classes": classes, "colours": COLOURS}) + "\n")
    write_splits(out, [(tile.id, tile.split) for tile in shipped])
    return wrong, pixels


def main() -> None:
    parser = ArgumentParser("python -m tools.demo_data", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args()
    wrong, pixels = make(given.source.resolve(), given.out.resolve())
    print(f"{given.out}: {wrong:,} of {pixels:,} pixels of train and val are wrong ({wrong / pixels:.0%})")


if __name__ == "__main__":
    main()
