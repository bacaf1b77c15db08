"""The MNI152 brain template that the package nilearn carries: real pictures and true tissue maps, without a download.

Paper: V. Fonov et al., Unbiased average age-appropriate atlases for pediatric studies, NeuroImage 54(1), 2011
(ICBM 152 non-linear, 2009a, 1 mm).
Idea: axial slices of the T1 image (front of the head up) with more than 10 % brain: 123 of 189, each 233 x 197 pixels.
Formula: brain = T1 above a fifth of its maximum (nilearn's own brain mask). Within it the class is the largest of the three
probabilities other = 1 - grey - white, grey and white; at equal values the first in this order.
Shares over the whole volume: background 78.3 %, other 1.8, grey 12.6, white 7.3; over the 123 slices, which hold
more brain than the rest: 67.7, 2.6, 18.5 and 11.2 %.
Splits: blocks of ten neighbouring slices, dealt out in the order train, test, train, val, train, ...: 70, 23 and 30
slices for train, val and test. Slices where two blocks touch still look alike: scores here flatter.
Limits: one averaged brain. A demonstration, not for medical use. Nothing of nilearn is imported; nibabel reads its files.
Costs: 0.4 s to read; 26 MB.
"""

from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from json import loads
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.stage.params import Method
from tasks.ingest.reading.source import Hints, Record, Source, class_ids
from tasks.ingest.reading.splits import by_blocks

CLASSES = ("background", "other", "grey matter", "white matter")
COLOURS = ((0, 0, 0), (86, 180, 233), (150, 150, 150), (255, 255, 255))
FILES = {part: f"mni_icbm152_{part}_tal_nlin_sym_09a_converted.nii.gz" for part in ("t1", "gm", "wm")}
NOTICE = "One averaged brain (MNI152 template): a demonstration, not for medical use."


class Brain(Method):
    name: Literal["brain"] = "brain"
    least: float = Field(0.10, gt=0, lt=1, description="a slice is taken when more than this share of it is brain")
    block: int = Field(10, ge=1, description="neighbouring slices that stay in one split")

    @staticmethod
    def sees(raw: Path) -> str:
        return "source.json names the format brain" if named(raw) == "brain" else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        folder = package_folder()
        t1, grey, white = (volume(folder / FILES[part]) for part in ("t1", "gm", "wm"))
        labels = tissue(t1, grey, white)
        chosen = np.flatnonzero((labels > 0).mean((0, 1)) > self.least)
        splits = by_blocks(len(chosen), self.block, (0.6, 0.2, 0.2))
        records = []
        for z, split in zip(chosen.tolist(), splits, strict=True):
            mask = partial(upright, labels[:, :, z].copy())
            image = partial(grey_to_rgb, t1[:, :, z].copy())
            records.append(Record(f"axial_{z:03d}", split, image, mask, mask, file=f"{FILES['t1']}#{z}"))
        return Source(
            CLASSES,
            class_ids(CLASSES, (), "the format brain"),
            records,
            COLOURS,
            notes=(f"splits: blocks of {self.block} neighbouring slices", *differences(raw, folder)),
            source="MNI152 template (ICBM 2009a, 1 mm) as shipped in the Python package nilearn",
            notice=NOTICE,
        )


def package_folder() -> Path:
    """The folder of nilearn's data files, found without importing nilearn."""
    package = find_spec("nilearn")
    if package is None or not package.submodule_search_locations:
        raise ValueError(
            "the format brain needs the package nilearn, which is not installed: pip install 'segmend[brain]'"
        )
    return Path(package.submodule_search_locations[0]) / "datasets" / "data"


def volume(path: Path) -> np.ndarray:
    """uint8 (right, front, up), 0 to 255."""
    if not path.is_file():
        raise ValueError(f"nilearn does not carry {path.name} any more: install the version that constraints.txt names")
    from nibabel.nifti1 import Nifti1Image

    return np.asarray(Nifti1Image.from_filename(path).dataobj)


def tissue(t1: np.ndarray, grey: np.ndarray, white: np.ndarray) -> np.ndarray:
    """Class ids uint8 of a volume: the rule in this file's head, in whole numbers (probabilities times 255)."""
    other = np.maximum(0, 255 - grey.astype(np.int16) - white)
    largest = np.where(other >= np.maximum(grey, white), 1, np.where(grey >= white, 2, 3))
    return np.where(t1 > 0.2 * t1.max(), largest, 0).astype(np.uint8)


def upright(plane: np.ndarray) -> np.ndarray:
    """A slice (right, front) as rows from front to back."""
    return np.ascontiguousarray(plane[:, ::-1].T)


def grey_to_rgb(plane: np.ndarray) -> np.ndarray:
    return np.repeat(upright(plane)[..., None], 3, axis=2)


def differences(raw: Path, folder: Path) -> list[str]:
    """A sentence when the package's files are not those that source.json describes."""
    source = raw / "source.json"
    known = loads(source.read_text()).get("sha256", {}) if source.is_file() else {}
    strange = [name for name, digest in known.items() if sha256((folder / name).read_bytes()).hexdigest() != digest]
    if not strange:
        return []
    return [
        f"warning: {', '.join(strange)} of the installed nilearn differ from the files that data/raw/{raw.name}/source.json "
        "describes, so figures may differ a little; install the version that constraints.txt names"
    ]


def named(raw: Path) -> str:
    source = raw / "source.json"
    return str(loads(source.read_text()).get("format", "")) if source.is_file() else ""
