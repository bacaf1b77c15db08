"""The class map of an image of any size: tiles that overlap, each pixel from the tile whose border is further away."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, UInt8

from segmend.images.rasters import LabelMap
from segmend.images.tiles import Box, Tile, cut
from segmend.network.inference import Predictor

Read = Callable[[Box], np.ndarray]  # a window -> uint8 (h, w, 3)


class Prediction(NamedTuple):
    """Class ids, and the probabilities where they were asked for."""

    classes: LabelMap
    probabilities: Float16[np.ndarray, "k h w"] | None


def predict(
    predictor: Predictor, read: Read, height: int, width: int, tile: int, overlap: int, probabilities: bool
) -> Prediction:
    """Predict an image that is read window by window: one tile's probabilities are in memory at a time, unless all are kept."""
    whole = Box(0, 0, height, width)
    tiles = cut("", height, width, tile, overlap) or (Tile("", whole, whole),)
    classes = np.zeros((height, width), np.uint8)
    kept = np.zeros((len(predictor.classes), height, width), np.float16) if probabilities else None
    for part in tiles:
        found = predictor(read(part.window))
        classes[part.own.slices] = found.argmax(0)[part.inner]
        if kept is not None:
            kept[:, *part.own.slices] = found[:, *part.inner]
    return Prediction(classes, kept)


def of_array(image: UInt8[np.ndarray, "h w 3"]) -> Read:
    return lambda box: np.ascontiguousarray(image[box.slices])
