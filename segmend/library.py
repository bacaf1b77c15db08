"""What a notebook uses: label sets, networks and scores of a workspace as numpy arrays. `import segmend` offers these names.

Folders are those that dvc.yaml names: data/dataset, data/labels/<round>, data/models/<round>, data/regions. Nothing here writes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from segmend.images.dataset import Labels
from segmend.images.rasters import LabelMap, Maps
from segmend.metrics.confusion import Confusion

if TYPE_CHECKING:
    from segmend.network.inference import Predictor


class LabelSet(Mapping[str, LabelMap]):
    """The label maps of one round by image id, read when they are asked for: `labels["street/0012"]`.

    A map is uint8 (h, w): class ids 0..K-1 (their names: `Dataset(...).classes`), 254 not labelled yet, 255 void. Ids iterate in
    alphabetical order. Raises KeyError for an id that the set does not hold.
    """

    def __init__(self, folder: Path):
        self.labels = Labels(folder)
        maps = folder / "maps"
        self.ids = sorted(path.relative_to(maps).with_suffix("").as_posix() for path in maps.rglob("*.png"))

    def __getitem__(self, identifier: str) -> LabelMap:
        if not self.labels.path(identifier).is_file():
            raise KeyError(f"{self.labels.folder} has no labels of {identifier!r}")
        return self.labels[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __len__(self) -> int:
        return len(self.ids)


def load_labels(folder: Path | str) -> LabelSet:
    """The label set that the stage pseudo_label (data/labels/r0) or correct (data/labels/r1, ...) wrote.

    Raises ValueError where the folder holds no label maps.
    """
    folder = Path(folder)
    if not (folder / "maps").is_dir():
        raise ValueError(f"{folder} holds no label maps: name the folder of a round, as data/labels/r0")
    return LabelSet(folder)


def load_regions(folder: Path | str) -> Maps:
    """The region maps of the stage superpixelize (data/regions), by image id: int32 (h, w), regions 0..k-1, -1 outside.

    Raises ValueError where the folder holds none.
    """
    return Maps(Path(folder))


def load_network(folder: Path | str) -> "Predictor":
    """The trained network of a round (data/models/r0), on the device that SEGMEND_DEVICE names (default: a GPU if there is one).

    `network.classes` are the names of its classes. Raises ValueError where the folder holds no network.
    """
    from segmend.network.inference import Predictor  # here: reading labels needs no torch

    return Predictor(Path(folder))


def probabilities(network: "Predictor", image: np.ndarray) -> Float32[np.ndarray, "k h w"]:
    """The probability of each class at each pixel, in 0..1, summing to 1 over the classes.

    `image` is RGB, uint8, of any height and width. Raises ValueError for anything else.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an 8-bit RGB image of shape (h, w, 3) is expected, not {image.dtype} of shape {image.shape}")
    return network(image)


def predict(network: "Predictor", image: np.ndarray) -> LabelMap:
    """The most probable class of each pixel, uint8 (h, w); image and errors as for `probabilities`."""
    return probabilities(network, image).argmax(0).astype(np.uint8)


def confusion(truth: Any, prediction: Any, classes: int) -> Confusion:
    """The confusion matrix of two label maps, or of two mappings of image ids to label maps with the same ids.

    Rows are `truth`, columns `prediction`, both uint8 ids below `classes`, 254 or 255; pixels without truth are left out. Its methods
    give the scores (`miou()`, `iou()`, `pixel_accuracy()`, `coverage()`), its `wrong` the number of differing pixels. Raises
    ValueError on unequal ids or shapes, and on ids that are not declared.
    """
    matrix = Confusion(classes)
    if not isinstance(truth, Mapping):
        matrix.update(np.asarray(truth), np.asarray(prediction))
        return matrix
    if set(truth) != set(prediction):
        only = sorted(set(truth) ^ set(prediction))
        raise ValueError(f"the two sets differ in their images: {len(only)} are in one alone, the first is {only[0]!r}")
    for identifier in truth:
        matrix.update(truth[identifier], prediction[identifier])
    return matrix
