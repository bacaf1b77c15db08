"""Data sets whose given masks are what a network from elsewhere says: real, systematic mistakes, with the truth beside them.

    facade       the given masks are a Cityscapes network's (../shared/data): nothing is made here
    brain        a network trained on blurred, darkened slices of the val split labels the slices as they are
    nuclei       a network trained on blurred, brightened images of the val split labels the images as they are
    superalloy   a network trained on another alloy's micrographs (Super4) labels those of Super1; no Super4 is in the test split

Each is a folder in the form `folders`, cut to so many images that a cell of a benchmark takes a minute or two; a planted data set
of the same size stands beside each of brain, superalloy and nuclei. The network that labels sees the truth of its own images only,
and never an image of train or test.
"""

from collections.abc import Iterator
from csv import DictReader, writer
from json import dumps, loads
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from scipy.ndimage import gaussian_filter

from segmend.images.dataset import Dataset
from segmend.images.rasters import VOID, read_image, read_labels


class Shift(NamedTuple):
    """What the labelling network is trained on, and how its images differ from those it labels."""

    blur: float = 0.0  # standard deviation in pixels
    gamma: float = 1.0  # exponent on intensities in 0..1
    steps: int = 150  # about so many training steps of batch 4


class Picture(NamedTuple):
    """One image with its true mask."""

    id: str
    split: str  # train, val, test; teach: only the labelling network sees it
    image: UInt8[np.ndarray, "h w 3"]
    truth: UInt8[np.ndarray, "h w"]


SHIFTS = {"brain": Shift(1.2, 1.6), "nuclei": Shift(1.5, 0.6), "superalloy": Shift()}
# Images of train, val, test in a cell.
SIZES = {"brain": (16, 4, 10), "nuclei": (16, 4, 12), "superalloy": (12, 4, 12), "facade": (20, 4, 16)}


def shifted(image: UInt8[np.ndarray, "h w 3"], shift: Shift) -> UInt8[np.ndarray, "h w 3"]:
    """The image as the labelling network's own pictures look."""
    bright = (image / 255.0) ** shift.gamma
    if shift.blur:
        bright = gaussian_filter(bright, (shift.blur, shift.blur, 0))
    return (bright * 255).round().astype(np.uint8)


def thinned(names: list[str], count: int) -> list[str]:
    """`count` of the names, evenly spread over their order (neighbours look alike)."""
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[k] for k in places]


def folder_pictures(raw: Path) -> Iterator[Picture]:
    """The pictures of a folder with splits.csv; another alloy than Super1 is for teaching only."""
    masks = raw / "truth" if (raw / "truth").is_dir() else raw / "masks"
    for row in DictReader((raw / "splits.csv").open(newline="")):
        split = "teach" if row.get("set", "Super1") != "Super1" else row["split"]
        path = next((raw / "images").glob(f"{row['id']}.*"))
        yield Picture(row["id"], split, read_image(path), read_labels(masks / f"{row['id']}.png"))


def brain_pictures() -> Iterator[Picture]:
    from tasks.ingest.formats.brain import Brain
    from tasks.ingest.reading.source import Hints

    for record in Brain()(Path("brain"), Hints(), 0).records:
        assert record.truth is not None
        yield Picture(record.id, record.split, record.image(), record.truth())


def classes_of(name: str, raw: Path) -> list[str]:
    if name == "brain":
        from tasks.ingest.formats.brain import CLASSES

        return list(CLASSES)
    return list(loads((raw / "classes.json").read_text())["classes"])


def write_folder(place: Path, pictures: list[Picture], classes: list[str], masks: dict[str, np.ndarray] | None) -> None:
    """A data set in the form `folders`; an image without an entry in `masks` is given its truth.

    None: the masks are the truth, so that ingest may plant mistakes in them.
    """
    half = place.with_name(f"{place.name}.half")
    rmtree(half, ignore_errors=True)
    for folder in ("images", "masks", *(() if masks is None else ("truth",))):
        (half / folder).mkdir(parents=True)
    for one in pictures:
        Image.fromarray(one.image).save(half / "images" / f"{one.id}.png")
        if masks is not None:
            Image.fromarray(one.truth).save(half / "truth" / f"{one.id}.png")
        Image.fromarray((masks or {}).get(one.id, one.truth)).save(half / "masks" / f"{one.id}.png")
    with (half / "splits.csv").open("w", newline="") as file:
        writer(file).writerows([("id", "split"), *((one.id, one.split) for one in pictures)])
    (half / "classes.json").write_text(dumps({"classes": classes, "void": [VOID]}))
    half.rename(place)


def chosen(name: str, raw: Path) -> tuple[list[Picture], list[Picture]]:
    """The images of a cell, and those that the labelling network learns from."""
    every = list(brain_pictures() if name == "brain" else folder_pictures(raw))
    by_split = {split: [one for one in every if one.split == split] for split in ("train", "val", "test", "teach")}
    kept = [
        one
        for split, count in zip(("train", "val", "test"), SIZES[name], strict=True)
        for one in by_split[split]
        if one.id in set(thinned([other.id for other in by_split[split]], count))
    ]
    teach = by_split["teach"] or by_split["val"]
    return kept, [one._replace(image=shifted(one.image, SHIFTS.get(name, Shift()))) for one in teach]


def labelled_elsewhere(
    name: str, seed: int, work: Path, teach: list[Picture], kept: list[Picture], classes: list[str], run: Any
) -> dict[str, np.ndarray]:
    """What a network that was trained on the images of `teach` and their truth says of the train and val images.

    `run(stage, settings, **paths)` calls a stage.
    """
    from segmend.network.inference import Predictor

    place = work / f"teacher-{name}-{seed}"
    rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    write_folder(place / "raw", [one._replace(split="train") for one in teach], classes, None)
    epochs = max(1, round(4 * SHIFTS[name].steps / len(teach)))
    data = {"data": place.name, "format": {"name": "folders"}}
    run("ingest", data, raw=place / "raw", out=place / "dataset", out_truth=place / "truth")
    run("superpixelize", {}, dataset=place / "dataset", truth=place / "truth", out=place / "regions")
    run("pseudo_label", {}, dataset=place / "dataset", regions=place / "regions", out=place / "labels")
    run(
        "train", {"epochs": epochs}, dataset=place / "dataset", labels=place / "labels", out=place / "model",
        out_curves=place / "curves.csv",
    )  # fmt: skip
    predictor = Predictor(place / "model")
    assert predictor.classes == Dataset(place / "dataset").classes
    said = {
        one.id: predictor(one.image).argmax(axis=0).astype(np.uint8) for one in kept if one.split in ("train", "val")
    }
    rmtree(place)
    return said
