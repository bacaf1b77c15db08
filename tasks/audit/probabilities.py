"""Class probabilities of each image, one image at a time, by networks that did not learn it or from files.

Files, one an image, found by the image's id under the folder:

    <id>.npz   the array `probabilities`, or the only one in the file: (classes, h, w) or (h, w, classes), floats of any kind
    <id>.npy   the same array
    <id>/<class>.png   a grey picture a class, 8 or 16 bits, named by the class or its number: 0 is none, the largest value is 1

Classes are those of the data set, in its order; void is no class and has no probability. Sums over the classes must be 1 within
SUM_OFF; pictures are divided by their sum, since 8 bits are coarse.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from json import loads
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from PIL import Image

from segmend.images.dataset import Dataset, Sample

SUM_OFF = 0.02  # half precision and 19 classes stay below
Probabilities = Float32[np.ndarray, "k h w"]


class Source(ABC):
    """Where probabilities come from."""

    @abstractmethod
    def stream(self, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Probabilities]]:
        """Each of the samples once, in any order, with its probabilities."""


class Files(Source):
    """Probabilities that somebody else made."""

    def __init__(self, folder: Path, classes: tuple[str, ...]):
        if not folder.is_dir():
            raise ValueError(f"--probabilities {folder}: no such folder; docs/audit.md has the forms that are read")
        self.folder, self.classes = folder, classes

    def stream(self, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Probabilities]]:
        for sample in samples:
            yield sample, self.read(sample)

    def check(self, samples: Sequence[Sample]) -> None:
        """ValueError naming the images that have no file; before any work is done."""
        missing = [sample.id for sample in samples if self.path(sample.id) is None]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise ValueError(
                f"{self.folder} has no probabilities of {', '.join(missing[:5])}{more}: each image needs <id>.npz, <id>.npy or a folder "
                "<id>/ with a picture a class"
            )

    def path(self, identifier: str) -> Path | None:
        for suffix in (".npz", ".npy", ""):
            path = self.folder / f"{identifier}{suffix}"
            if path.is_dir() if not suffix else path.is_file():
                return path
        return None

    def read(self, sample: Sample) -> Probabilities:
        path = self.path(sample.id)
        if path is None:
            raise ValueError(f"{self.folder} has no probabilities of {sample.id}")
        found = self.pictures(path) if path.is_dir() else array(path)
        return checked(found, len(self.classes), (sample.height, sample.width), path)

    def pictures(self, folder: Path) -> np.ndarray:
        """(k, h, w) from a grey picture a class, divided by their sum."""
        layers = []
        for k, name in enumerate(self.classes):
            path = next((folder / f"{stem}.png" for stem in (name, str(k)) if (folder / f"{stem}.png").is_file()), None)
            if path is None:
                raise ValueError(f"{folder} has no picture of the class {name}: {name}.png or {k}.png is expected")
            with Image.open(path) as picture:
                if picture.mode not in ("L", "I;16", "I"):
                    raise ValueError(
                        f"{path} is a picture of mode {picture.mode}: a grey one of 8 or 16 bits is expected"
                    )
                layers.append(np.asarray(picture).astype(np.float32) / (255 if picture.mode == "L" else 65535))
        if len({layer.shape for layer in layers}) > 1:
            raise ValueError(f"{folder}: its pictures differ in size")
        stacked = np.stack(layers)
        return stacked / np.maximum(stacked.sum(0), 1e-6)


def array(path: Path) -> np.ndarray:
    """The array of a .npy or .npz file."""
    try:
        content = np.load(path)
    except (OSError, EOFError, ValueError) as trouble:
        raise ValueError(f"{path} cannot be read as an array ({trouble}): write it again with numpy.savez") from None
    if isinstance(content, np.ndarray):
        return content
    with content:
        names = content.files
        if "probabilities" not in names and len(names) != 1:
            raise ValueError(f"{path} holds the arrays {', '.join(names)}: one named probabilities is expected")
        return np.asarray(content["probabilities" if "probabilities" in names else names[0]])


def checked(found: np.ndarray, classes: int, size: tuple[int, int], path: Path) -> Probabilities:
    """float32 (k, h, w); ValueError for another shape, values outside 0..1, or sums that are not 1."""
    if found.shape == (*size, classes) and found.shape != (classes, *size):
        found = np.moveaxis(found, 2, 0)
    if found.shape != (classes, *size):
        raise ValueError(
            f"{path} has the shape {found.shape}: ({classes} classes, {size[0]} rows, {size[1]} columns) is expected, or the classes last"
        )
    found = np.ascontiguousarray(found, dtype=np.float32)
    sums = found.sum(0)
    if not (found.min() >= -1e-6 and np.abs(sums - 1).max() <= SUM_OFF):
        raise ValueError(
            f"{path}: its values go from {found.min():.3g} to {found.max():.3g} and sum to {sums.min():.3g} to {sums.max():.3g} a pixel; "
            "probabilities that sum to 1 are expected: apply softmax to logits"
        )
    return found


class Folds(Source):
    """The networks of the folds (folds.py), each for the images that it has not learned."""

    def __init__(self, folder: Path, dataset: Dataset):
        self.folder, self.dataset = folder, dataset
        self.fold_of: dict[str, int] = loads((folder / "folds.json").read_text(encoding="utf-8"))

    def stream(self, samples: Sequence[Sample]) -> Iterator[tuple[Sample, Probabilities]]:
        from segmend.network.inference import stream

        for fold in sorted(set(self.fold_of.values())):
            some = [sample for sample in samples if self.fold_of.get(sample.id) == fold]
            yield from stream(self.folder / f"fold_{fold}" / "model", self.dataset, some)
