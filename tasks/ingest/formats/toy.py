"""Drawn shapes on a textured ground: a seeded data set for tests, of any size, whose truth is known.

Idea: ellipses, rectangles and triangles, one shape and colour per class, on class 0 (ground); noise and a shade on top, so
that colour alone does not give the class away. Image k depends on (seed, k) alone: a larger set begins like a smaller one.
Limits: shapes=0 gives images of ground only; contrast=0 images in which nothing can be seen.
Costs: 1 ms for 64 x 64 pixels. Nothing is read; pixels are drawn when they are asked for.
"""

from functools import partial
from json import loads
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from segmend.images.rasters import default_colours
from segmend.stage.params import Method
from tasks.ingest.reading.source import Hints, Record, Source, class_ids
from tasks.ingest.reading.splits import by_blocks


class Toy(Method):
    name: Literal["toy"] = "toy"
    images: int = Field(20, ge=3, description="how many")
    size: tuple[int, int] = Field((64, 64), description="height and width in pixels, each from 16")
    classes: int = Field(4, ge=2, le=12, description="with the ground")
    shapes: int = Field(6, ge=0, description="shapes in an image")
    contrast: float = Field(0.5, ge=0, le=1, description="how far the classes' colours lie apart")

    @staticmethod
    def sees(raw: Path) -> str:
        source = raw / "source.json"
        says_toy = source.is_file() and loads(source.read_text()).get("format") == "toy"
        return "source.json names the format toy" if says_toy else ""

    def __call__(self, raw: Path, hints: Hints, seed: int) -> Source:
        if min(self.size) < 16:
            raise ValueError(f"ingest.format.toy.size {list(self.size)}: height and width start at 16")
        width = len(str(self.images - 1))
        splits = by_blocks(self.images, 1, (0.6, 0.2, 0.2))
        classes = ("ground", *(f"shape {k}" for k in range(1, self.classes)))
        records = []
        for k, split in enumerate(splits):
            mask = partial(draw_labels, self, seed, k)
            records.append(
                Record(f"toy_{k:0{width}d}", split, partial(draw_image, self, seed, k), mask, mask, f"toy#{k}")
            )
        colours = tuple((r, g, b) for r, g, b in default_colours(self.classes))
        return Source(
            classes, class_ids(classes, (), "the format toy"), records, colours, source="drawn by the format toy"
        )


def draw_labels(toy: Toy, seed: int, k: int) -> np.ndarray:
    """uint8 (h, w)."""
    rng = np.random.default_rng((seed, k, 0))
    height, width = toy.size
    rows, columns = np.mgrid[:height, :width]
    labels = np.zeros(toy.size, np.uint8)
    for _ in range(toy.shapes):
        label = int(rng.integers(1, toy.classes))
        row, column = rng.uniform(0, height), rng.uniform(0, width)
        a, b = rng.uniform(0.06, 0.2, 2) * min(height, width)
        angle = rng.uniform(0, np.pi)
        y = (rows - row) * np.cos(angle) - (columns - column) * np.sin(angle)
        x = (rows - row) * np.sin(angle) + (columns - column) * np.cos(angle)
        if label % 3 == 1:
            inside = (y / a) ** 2 + (x / b) ** 2 <= 1
        elif label % 3 == 2:
            inside = (np.abs(y) <= a) & (np.abs(x) <= b)
        else:
            inside = (y <= a) & (y >= -a + 2 * a * np.abs(x) / b)
        labels[inside] = label
    return labels


def draw_image(toy: Toy, seed: int, k: int) -> np.ndarray:
    """uint8 (h, w, 3): the classes' colours, a shade across the image, noise."""
    labels = draw_labels(toy, seed, k)
    rng = np.random.default_rng((seed, k, 1))
    colours = np.random.default_rng((seed, 2)).uniform(-1, 1, (toy.classes, 3)) * 127 * toy.contrast + 128
    shade = np.linspace(-1, 1, labels.shape[1]) * rng.uniform(-25, 25)
    picture = colours[labels] + shade[None, :, None] + rng.normal(0, 12, (*labels.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)
