"""The dataset on disk, as ingest writes it and every other stage reads it.

    dataset/dataset.json       name, classes, colours, channels' mean and deviation, source
    dataset/samples.csv        id, split, height, width, image_sha256, source: one row an image, sorted by id
    dataset/images/<id>.png    8-bit RGB
    dataset/masks/<id>.png     the given (imperfect) masks, palette PNG; absent where none was given
    dataset/tiles.json         where large images were cut: whose tiles the samples are (tiles.py)
    dataset/annotators/<name>/<id>.png   where several people or models labelled: one such folder each, in place of masks/
    truth/<id>.png             the true masks where they are known; never seen by training
    truth/truth.csv            id, origin (given, planted): one row an image with truth; empty where there is none

Ids are POSIX paths without suffix (`city/000012`): folders are kept. Splits are train, val and test.
"""

from collections.abc import Callable, Iterator
from csv import DictReader, writer
from functools import cached_property
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from segmend.images.rasters import LabelMap, Maps, RegionMap, read_image, read_labels, write_grey, write_labels
from segmend.images.tiles import Tile, WholeImage, put_together, read_tiles
from segmend.stage.params import Settings

SPLITS = ("train", "val", "test")
GOLD = "gold"  # the annotator whose masks the others are measured by


class Card(Settings):
    """dataset.json."""

    name: str
    classes: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    mean: tuple[float, float, float]  # of the training images' channels, in 0..1
    deviation: tuple[float, float, float]
    source: str = ""
    notice: str = ""  # a sentence that must be shown with the results (licence, "not for medical use")
    annotators: tuple[str, ...] = ()  # who labelled the images, where several did; sorted

    @property
    def palette(self) -> list[list[int]]:
        return [list(colour) for colour in self.colours]


class Sample(NamedTuple):
    """A row of samples.csv."""

    id: str
    split: str
    height: int
    width: int
    image_sha256: str
    source: str


class Dataset:
    """Read access to a dataset folder, and to the truth folder beside it where one is given."""

    def __init__(self, folder: Path | str, truth: Path | str | None = None):
        self.folder, self.truth_folder = Path(folder), None if truth is None else Path(truth)

    @cached_property
    def card(self) -> Card:
        path = self.folder / "dataset.json"
        if not path.is_file():
            raise ValueError(f"{self.folder} is not a dataset: dataset.json is missing; run the stage ingest")
        return Card(**loads(path.read_text()))

    @property
    def classes(self) -> tuple[str, ...]:
        return self.card.classes

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        with (self.folder / "samples.csv").open(newline="") as file:
            return tuple(
                Sample(
                    row["id"], row["split"], int(row["height"]), int(row["width"]), row["image_sha256"], row["source"]
                )
                for row in DictReader(file)
            )

    @cached_property
    def wholes(self) -> dict[str, WholeImage]:
        """The images that ingest cut into tiles, by id."""
        return read_tiles(self.folder)

    @cached_property
    def tiles(self) -> dict[str, Tile]:
        """The tiles of these images, by the ids of their samples."""
        return {tile.id: tile for whole in self.wholes.values() for tile in whole.tiles}

    @cached_property
    def whole_samples(self) -> tuple[Sample, ...]:
        """One row for each image as it came in: the tiles of an image are one."""
        rows = [sample for sample in self.samples if sample.id not in self.tiles]
        by_id = {sample.id: sample for sample in self.samples} if self.wholes else {}
        for whole in self.wholes.values():
            parts = [by_id[tile.id] for tile in whole.tiles]
            digest = sha256("".join(part.image_sha256 for part in parts).encode()).hexdigest()
            rows.append(Sample(whole.id, parts[0].split, whole.height, whole.width, digest, whole.source))
        return tuple(sorted(rows))

    def parts(self, identifier: str) -> tuple[str, ...]:
        """The ids of an image's tiles; its own id where it was not cut."""
        return tuple(tile.id for tile in self.wholes[identifier].tiles) if identifier in self.wholes else (identifier,)

    def whole(self, identifier: str, read: Callable[[str], np.ndarray]) -> np.ndarray:
        """An image, or a map of it, as it came in: put together from what `read` gives of its tiles where it was cut."""
        return put_together(self.wholes[identifier], read) if identifier in self.wholes else read(identifier)

    @cached_property
    def with_truth(self) -> frozenset[str]:
        """The ids of the images whose truth is known."""
        if self.truth_folder is None:
            return frozenset()
        with (self.truth_folder / "truth.csv").open(newline="") as file:
            return frozenset(row["id"] for row in DictReader(file))

    def of(self, *splits: str) -> Iterator[Sample]:
        """The samples of the named splits, in order of id."""
        return (sample for sample in self.samples if sample.split in splits)

    def image(self, identifier: str) -> np.ndarray:
        """uint8 (h, w, 3)."""
        return read_image(self.folder / "images" / f"{identifier}.png")

    def has_mask(self, identifier: str) -> bool:
        return (self.folder / "masks" / f"{identifier}.png").is_file()

    def mask(self, identifier: str) -> LabelMap:
        """The given mask, uint8 (h, w)."""
        return read_labels(self.folder / "masks" / f"{identifier}.png")

    def has_annotation(self, identifier: str, annotator: str) -> bool:
        return (self.folder / "annotators" / annotator / f"{identifier}.png").is_file()

    def annotation(self, identifier: str, annotator: str) -> LabelMap:
        """One annotator's mask, uint8 (h, w)."""
        return read_labels(self.folder / "annotators" / annotator / f"{identifier}.png")

    def truth(self, identifier: str) -> LabelMap | None:
        """The true mask, or None where it is not known."""
        return self._truth(identifier) if identifier in self.with_truth else None

    def whole_truth(self, identifier: str) -> LabelMap | None:
        """The true mask of an image as it came in, or None where that of all of it is not known."""
        known = all(part in self.with_truth for part in self.parts(identifier))
        return self.whole(identifier, self._truth) if known else None

    def _truth(self, identifier: str) -> LabelMap:
        assert self.truth_folder is not None
        return read_labels(self.truth_folder / f"{identifier}.png")


class Labels:
    """A set of label maps, `<folder>/maps/<id>.png`, as pseudo_label and correct write them (train and val images)."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    def __getitem__(self, identifier: str) -> LabelMap:
        return read_labels(self.path(identifier))

    def write(self, identifier: str, labels: LabelMap, card: Card) -> None:
        write_labels(self.path(identifier), labels, card.palette)

    def path(self, identifier: str) -> Path:
        return self.folder / "maps" / f"{identifier}.png"

    def trust(self, identifier: str, shape: tuple[int, ...]) -> UInt8[np.ndarray, "h w"]:
        """How much each pixel's label is trusted, 0..255, as a consensus of annotators says; 255 where nobody said anything."""
        path = self.trust_path(identifier)
        return read_labels(path) if path.is_file() else np.full(shape, 255, np.uint8)

    def write_trust(self, identifier: str, trust: UInt8[np.ndarray, "h w"]) -> None:
        write_grey(self.trust_path(identifier), trust)

    @cached_property
    def _objects(self) -> Maps | None:
        return Maps(self.folder / "objects") if (self.folder / "objects").is_dir() else None

    def objects(self, identifier: str) -> RegionMap | None:
        """The single objects that a labeller drew in the image; None where it drew none."""
        try:
            return self._objects[identifier] if self._objects else None
        except KeyError:
            return None

    def trust_path(self, identifier: str) -> Path:
        return self.folder / "trust" / f"{identifier}.png"


def write_card(folder: Path, card: Card) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = card.model_dump(exclude=None if card.annotators else {"annotators"})
    (folder / "dataset.json").write_text(dumps(content, indent=2) + "\n")


def write_samples(folder: Path, samples: list[Sample]) -> None:
    with (folder / "samples.csv").open("w", newline="") as file:
        rows = writer(file, lineterminator="\n")
        rows.writerow(Sample._fields)
        rows.writerows(sorted(samples))


def write_truth_list(folder: Path, origins: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "truth.csv").open("w", newline="") as file:
        rows = writer(file, lineterminator="\n")
        rows.writerow(("id", "origin"))
        rows.writerows(sorted(origins.items()))
