"""What a format cannot hold of the labels, counted pixel by pixel while images are written, and said in one sentence."""

from typing import NamedTuple

import numpy as np

from segmend.images.dataset import Sample
from segmend.images.rasters import UNLABELLED, VOID, LabelMap
from tasks.export.formats._base import ExportFormat

SAID = {UNLABELLED: "pixels not labelled yet", VOID: "void pixels"}


class Loss(NamedTuple):
    """Pixels of one id that come back as something else."""

    what: str  # void pixels, pixels not labelled yet
    becomes: str  # void, background
    pixels: int
    images: int  # in how many images


def read_back(labels: LabelMap, method: ExportFormat, classes: tuple[str, ...]) -> LabelMap:
    """The labels as ingest reads them from this format; len(classes) is a class `background` that the data set does not have."""
    table = np.arange(256, dtype=np.uint8)
    for value, name in method.becomes.items():
        table[value] = VOID if name == "void" else classes.index(name) if name in classes else len(classes)
    return table[labels]


class Losses:
    """Losses over the images that are written."""

    def __init__(self, method: ExportFormat):
        self.method = method
        self.pixels, self.images = dict.fromkeys(method.becomes, 0), dict.fromkeys(method.becomes, 0)

    def add(self, sample: Sample, labels: LabelMap | None) -> None:
        """Count an image; `labels` None: nobody labelled it."""
        whole = sample.height * sample.width if self.method.bare_is_unlabelled else 0
        for value in self.pixels:
            bare = whole if value == UNLABELLED else 0
            lost = bare if labels is None else int(np.count_nonzero(labels == value))
            self.pixels[value] += lost
            self.images[value] += lost > 0

    def counted(self) -> list[Loss]:
        """Every id of which pixels were lost."""
        becomes = self.method.becomes
        return [Loss(SAID[k], becomes[k], n, self.images[k]) for k, n in self.pixels.items() if n]

    @property
    def sentence(self) -> str:
        """`1,204 pixels not labelled yet (in 3 images) become void; images become JPEG of quality 95`, or `nothing`."""
        labels = [
            f"{row.pixels:,} {row.what} (in {row.images:,} image{'s' * (row.images != 1)}) become {row.becomes}"
            for row in self.counted()
        ]
        return "; ".join(filter(None, (*labels, self.method.image_loss))) or "nothing"
