"""NIfTI: slices put together to volumes again, with the affine and the order of axes that the volumes came with.

Source: https://nifti.nimh.nih.gov/nifti-1, written by nibabel; names as nnU-Net has them (imagesTr, labelsTr, dataset.json).
Idea: dataset/volumes.json says how ingest turned and cut each volume; the label slices are stacked, turned back and written with the
    volume's own affine: labelsTr/<case>.nii.gz holds class ids (254 not labelled, 255 void). splits.csv names every volume's split.
Limits: labels lose nothing, voxel by voxel; slices that nobody labelled are 254, volumes without any label have no label file. Images are
    the grey values 0..255 of the slices: the intensities are in the files that came, on which the labels lie exactly.
    One volume is in memory at a time. Data that came as single images cannot be written: they have no volumes.
"""

from collections.abc import Iterator
from csv import writer
from gzip import GzipFile
from itertools import groupby
from json import dumps
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from segmend.images.dataset import Card
from segmend.images.rasters import UNLABELLED, VOID
from tasks.export.formats._base import ExportFormat, Item

AXES = ("sagittal", "coronal", "axial")


class Nifti(ExportFormat):
    name: Literal["nifti"] = "nifti"
    image_loss: ClassVar[str] = "intensities become 0 to 255; the files that came keep theirs"

    def write(self, out: Path, card: Card, items: Iterator[Item], images: bool) -> None:
        names = {name: k for k, name in enumerate(card.classes)} | {"ignore": VOID}
        content = {"channel_names": {"0": "grey"}, "labels": names, "file_ending": ".nii.gz"}
        (out / "dataset.json").write_text(dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        splits: dict[str, str] = {}
        for case, slices in groupby(items, key=lambda item: item.sample.id.rpartition("/")[0]):
            for name, split in write_volume(out, case, slices, images):
                splits[name] = split
        with (out / "splits.csv").open("w", newline="", encoding="utf-8") as file:
            rows = writer(file, lineterminator="\n")
            rows.writerow(("id", "split"))
            rows.writerows(sorted(splits.items()))


def write_volume(out: Path, case: str, slices: Iterator[Item], images: bool) -> list[tuple[str, str]]:
    """Stack one volume's slices; (name, split) of the volume, or of each slice where they are in several splits."""
    labels: np.ndarray | None = None
    grey: np.ndarray | None = None
    splits: list[tuple[str, str]] = []
    place: dict[str, Any] = {}
    for item in slices:
        if not item.place or "slices" not in item.place:
            raise ValueError(
                f"export.format nifti writes volumes, and {item.sample.id} is no slice of one (dataset/volumes.json): choose folders"
            )
        place = item.place
        axis, number = AXES.index(place["axis"]), int(item.sample.id.rpartition("_")[2])
        if labels is None or grey is None:
            labels, grey = np.full(place["shape"], UNLABELLED, np.uint8), np.zeros(place["shape"], np.uint8)
        where = (slice(None),) * axis + (number,)
        grey[where] = item.image[..., 0].T[:, ::-1]  # rows of a slice run down, the volume's axis runs up
        if item.labels is not None:
            labels[where] = item.labels.T[:, ::-1]
        splits.append((item.sample.id, item.sample.split))
    assert labels is not None and grey is not None
    if (labels != UNLABELLED).any():
        save(out / "labelsTr" / f"{case}.nii.gz", labels, place)
    if images:
        save(out / "imagesTr" / f"{case}_0000.nii.gz", grey, place)
    return [(case, splits[0][1])] if len({split for _, split in splits}) == 1 else splits


def save(path: Path, turned: np.ndarray, place: dict[str, Any]) -> None:
    """Write a volume in the order of axes that it came in; without a time stamp, so that equal volumes give equal bytes."""
    from nibabel.nifti1 import Nifti1Image
    from nibabel.orientations import apply_orientation, io_orientation, ornt_transform

    own = np.asarray(place["affine"])
    back = ornt_transform(io_orientation(np.asarray(place["affine_turned"])), io_orientation(own))
    volume = Nifti1Image(np.ascontiguousarray(apply_orientation(turned, back)), own)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(volume.to_bytes())
