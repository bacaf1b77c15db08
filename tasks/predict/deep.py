"""Images of more than 8 bits a channel: which of their values are black and white must be said, as ingest said it of the data set."""

from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8

Range = tuple[float, float]
ASK = (
    "{} has {} a channel: say which values are black and white, as ingest did for the data set (its log, or ingest.image_range in "
    "params.yaml): --range 0 4095"
)


def eight_bits(
    values: Shaped[np.ndarray, "*shape"], between: Range | None, name: str, bits: str
) -> UInt8[np.ndarray, "*shape"]:
    """The values as 8 bits, as ingest does it: `between` become 0 and 255. ValueError where that is not given."""
    if between is None:
        raise ValueError(ASK.format(name, bits))
    low, high = between
    scaled = np.clip((values.astype(np.float64) - low) * (255 / (high - low)) + 0.5, 0, 255)
    return np.nan_to_num(scaled).astype(np.uint8)


def read(path: Path, between: Range | None) -> UInt8[np.ndarray, "h w 3"]:
    """A PNG or TIFF of more than 8 bits as RGB."""
    if between is None:
        raise ValueError(ASK.format(path, "more than 8 bits"))
    from cv2 import IMREAD_ANYCOLOR, IMREAD_ANYDEPTH, imdecode  # keeps 16 bits of colour, which Pillow does not

    values = imdecode(np.fromfile(path, np.uint8), IMREAD_ANYCOLOR | IMREAD_ANYDEPTH)
    if values is None:
        raise ValueError(f"{path} cannot be read as a picture: replace or remove it")
    eight = eight_bits(values, between, str(path), "")
    return np.ascontiguousarray(eight[..., ::-1]) if eight.ndim == 3 else np.repeat(eight[..., None], 3, axis=2)
