"""The trained network as MLflow serves it: images in, class maps out (the loader module of the registered model)."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from segmend.network.inference import Predictor


class ClassMaps:
    """uint8 images (n, h, w, 3) -> uint8 class ids (n, h, w), of any height and width."""

    def __init__(self, folder: Path):
        self.predictor = Predictor(folder)

    def predict(self, images: Any, params: dict[str, Any] | None = None) -> UInt8[np.ndarray, "n h w"]:
        """`params` is part of MLflow's call; there are none to set."""
        pixels = np.asarray(images)
        if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.min(initial=0) < 0 or pixels.max(initial=0) > 255:
            raise ValueError(
                f"8-bit RGB images of shape (n, h, w, 3) are expected, not {pixels.dtype} of shape {pixels.shape}"
            )
        maps = [self.predictor(image).argmax(0) for image in pixels.astype(np.uint8)]  # one by one: memory stays small
        return np.stack(maps).astype(np.uint8)


def _load_pyfunc(path: str) -> ClassMaps:
    """MLflow calls this by name with the model's folder."""
    return ClassMaps(Path(path))
