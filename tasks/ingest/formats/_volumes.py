"""Reading NIfTI volumes with nibabel: turned to the nearest right-anterior-superior order, and cut into planes."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, UInt8

from tasks.ingest.reading.context import check_size

OFF = 0.1  # voxels that a label may lie beside its image


def opened(path: Path) -> Any:
    """A volume, its numbers still in the file."""
    from nibabel.filebasedimages import ImageFileError
    from nibabel.loadsave import load

    try:
        image: Any = load(path)
    except (ImageFileError, OSError, EOFError) as trouble:
        raise ValueError(f"it cannot be read as NIfTI ({str(trouble).splitlines()[0]}): replace or remove it") from None
    if len(image.shape) not in (3, 4):
        raise ValueError(f"its shape is {image.shape}: volumes of three axes, or four with channels, are read")
    return image


def head_of(path: Path) -> tuple[tuple[int, int, int], np.ndarray, np.ndarray]:
    """Shape and affine after turning, and the affine as in the file."""
    from nibabel.orientations import inv_ornt_aff, io_orientation

    image = opened(path)
    way = io_orientation(image.affine)
    if np.isnan(way).any():
        raise ValueError("its affine does not say which axis is which: write a whole affine into the file")
    x, y, z = (int(image.shape[k]) for k in np.argsort(way[:, 0]))
    return (x, y, z), image.affine @ inv_ornt_aff(way, image.shape[:3]), np.asarray(image.affine)


def off_place(
    shape: tuple[int, ...], affine: np.ndarray, label_shape: tuple[int, ...], label_affine: np.ndarray
) -> str:
    """Why a label does not lie on its image; "" where it does."""
    if shape != label_shape:
        sizes = " and ".join(" x ".join(map(str, size)) for size in (label_shape, shape))
        return f"it and its image have {sizes} voxels: resample it onto the image"
    ends = np.array([(x, y, z, 1) for x in (0, shape[0]) for y in (0, shape[1]) for z in (0, shape[2])]).T
    voxel = np.linalg.norm(affine[:3, :3], axis=0).min()
    off = float(np.linalg.norm(((affine - label_affine) @ ends)[:3], axis=0).max() / voxel)
    return f"it lies up to {off:.1f} voxels beside its image: resample it onto the image" if off > OFF else ""


@lru_cache(maxsize=2)
def volume(path: Path, changed: int) -> np.ndarray:
    """The numbers of a volume after turning; `changed`, the file's time, makes an edited file a new one."""
    from nibabel.funcs import as_closest_canonical

    try:
        return np.asarray(as_closest_canonical(opened(path)).dataobj)
    except (OSError, EOFError, ValueError) as trouble:
        raise ValueError(f"its voxels cannot be read ({str(trouble).splitlines()[0]}): replace or remove it") from None


@lru_cache(maxsize=8)
def grey_range(path: Path, changed: int, part: int) -> tuple[float, float]:
    """Values of a volume that become black and white: the 0.5th and the 99.5th percentile."""
    numbers = channel_of(volume(path, changed), part)
    low, high = np.percentile(numbers[np.isfinite(numbers)], (0.5, 99.5))
    return float(low), float(high if high > low else low + 1)


def channel_of(numbers: np.ndarray, part: int) -> np.ndarray:
    channels = numbers if numbers.ndim == 4 else numbers[..., None]
    if part >= channels.shape[3]:
        raise ValueError(
            f"it has {channels.shape[3]} channels, and ingest.format.nifti.channel is {part} (they count from 0)"
        )
    return channels[..., part]


def plane_of(numbers: np.ndarray, axis: int, k: int) -> np.ndarray:
    """Plane k across an axis, as rows and columns: the second of the other axes runs up, so its rows are turned over."""
    plane = np.take(numbers, k, axis=axis)
    return np.ascontiguousarray(plane[:, ::-1].T)


def read_slice(
    path: Path, axis: int, k: int, channel: int, files: int, value_range: tuple[float, float] | None
) -> UInt8[np.ndarray, "h w 3"]:
    """A slice in grey. With one file a case, `channel` counts along the fourth axis."""
    changed, part = path.stat().st_mtime_ns, 0 if files > 1 else channel
    plane = plane_of(channel_of(volume(path, changed), part), axis, k)
    check_size(*plane.shape)
    if value_range is None and plane.dtype != np.uint8:
        value_range = grey_range(path, changed, part)
    if value_range:
        low, high = value_range
        grey = np.nan_to_num((plane.astype(np.float64) - low) * (255 / (high - low)) + 0.5)
        plane = np.clip(grey, 0, 255).astype(np.uint8)
    return np.repeat(plane[..., None], 3, axis=2)


def read_label_slice(path: Path, axis: int, k: int) -> Int32[np.ndarray, "h w"]:
    numbers = volume(path, path.stat().st_mtime_ns)
    if numbers.ndim != 3:
        raise ValueError(f"its shape is {numbers.shape}: a label has one whole number a voxel")
    plane = plane_of(numbers, axis, k)
    if not (plane == np.floor(plane)).all():
        raise ValueError("its values are not whole numbers: a label has one class id a voxel")
    return plane.astype(np.int32)
