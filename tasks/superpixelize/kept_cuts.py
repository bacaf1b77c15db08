"""Regions of images kept ready for the output, in .work/superpixelize: an unchanged image is neither decoded nor packed again.

The key of an image is the digest of its pixels (samples.csv), the length of its file, the bytes of its masks' files, what it owns of a
whole image, and in the folder's name settings, code and libraries.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from segmend.images.dataset import Dataset, Sample
from segmend.images.rasters import Packed
from segmend.stage.cache import Cache, write_whole
from tasks.superpixelize.scores import Sums

NUMBERS = 4 + len(Sums._fields)  # int64 at the head of a file: checksum, size, asked, regions, and the sums


class Cut(NamedTuple):
    """One image's result."""

    packed: Packed  # the region map as it stands in the output
    areas: np.ndarray  # int64 (k,): pixels of each region
    asked: int | None  # regions that were asked for; None for an image without a valid pixel
    sums: Sums

    def write(self, path: Path) -> None:
        asked = -1 if self.asked is None else self.asked
        head = np.array([self.packed.checksum, self.packed.size, asked, len(self.areas), *self.sums], np.int64)
        write_whole(path, lambda file: file.write(head.tobytes() + self.areas.tobytes() + self.packed.data))


def read(path: Path) -> Cut:
    """What `Cut.write` wrote; this use makes it the last to be removed."""
    path.touch()
    content = path.read_bytes()
    checksum, size, asked, count, *sums = np.frombuffer(content, np.int64, NUMBERS).tolist()
    areas = np.frombuffer(content, np.int64, count, offset=8 * NUMBERS)
    packed = Packed(content[8 * (NUMBERS + count) :], checksum, size)
    return Cut(packed, areas, None if asked < 0 else asked, Sums(*sums))


def kept_path(sample: Sample, data: Dataset, kept: Cache) -> Path:
    """Where the result of an image is kept."""
    mask = data.folder / "masks" / f"{sample.id}.png"
    parts: list[bytes | str | None] = [
        f"{sample.image_sha256} {(data.folder / 'images' / f'{sample.id}.png').stat().st_size}",
        mask.read_bytes() if mask.is_file() else None,
        repr(data.tiles.get(sample.id)),
    ]
    if sample.id in data.with_truth and data.truth_folder is not None:
        parts.append((data.truth_folder / f"{sample.id}.png").read_bytes())
    return kept.path(parts).with_suffix(".cut")
