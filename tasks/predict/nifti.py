"""NIfTI volumes: predicted slice by slice along the axis that ingest cut, written with the volume's own affine and order of axes."""

from collections.abc import Iterator
from json import loads
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

AXES = ("sagittal", "coronal", "axial")


def axis_of(dataset: Path) -> int:
    """The axis (0 to 2 of right-anterior-superior order) that the data set's slices lie across; axial where it holds no volumes."""
    table = dataset / "volumes.json"
    entries = loads(table.read_text()) if table.is_file() else None
    places = list(entries.values()) if isinstance(entries, dict) else entries or []
    return AXES.index(places[0].get("axis", "axial")) if places and isinstance(places[0], dict) else 2


def opened(path: Path) -> Any:
    """A volume of three axes. ValueError for anything else."""
    from nibabel.filebasedimages import ImageFileError
    from nibabel.loadsave import load

    try:
        volume: Any = load(path)
        volume.dataobj[0, 0, 0]
    except (ImageFileError, OSError, EOFError, IndexError) as trouble:
        raise ValueError(
            f"{path} cannot be read as NIfTI ({str(trouble).splitlines()[0]}): replace or remove it"
        ) from None
    if len(volume.shape) != 3:
        raise ValueError(f"{path} has {len(volume.shape)} axes: volumes of three are read; split channels into files")
    return volume


def slices(volume: Any, axis: int) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Its slices in grey, as ingest shows them: the 0.5th percentile of the volume is black, the 99.5th white."""
    from nibabel.funcs import as_closest_canonical

    numbers = np.asarray(as_closest_canonical(volume).dataobj).astype(np.float64)
    if volume.get_data_dtype() != np.uint8:
        low, high = np.percentile(numbers[np.isfinite(numbers)], (0.5, 99.5))
        numbers = np.clip(np.nan_to_num((numbers - low) * (255 / (max(high - low, 1e-12))) + 0.5), 0, 255)
    for k in range(numbers.shape[axis]):
        plane = np.take(numbers, k, axis=axis)[:, ::-1].T  # rows of a slice run down, the volume's axis runs up
        yield np.repeat(np.ascontiguousarray(plane).astype(np.uint8)[..., None], 3, axis=2)


def write(path: Path, like: Any, axis: int, maps: list[np.ndarray]) -> None:
    """The class maps of all slices as a volume that lies on `like`, voxel by voxel."""
    from nibabel.nifti1 import Nifti1Image
    from nibabel.orientations import apply_orientation, axcodes2ornt, io_orientation, ornt_transform

    turned = np.stack([found.T[:, ::-1] for found in maps], axis=axis)
    back = ornt_transform(axcodes2ornt(("R", "A", "S")), io_orientation(like.affine))
    path.parent.mkdir(parents=True, exist_ok=True)
    Nifti1Image(apply_orientation(turned, back).astype(np.uint8), like.affine).to_filename(path)
