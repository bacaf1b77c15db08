"""Images whose cells have the probabilities that a test wants."""

import numpy as np

from segmend.images.region_table import Scene


def cells_scene(means, cells) -> Scene:
    """Every pixel of cell i has the probabilities means[i]."""
    regions = np.array(cells, np.int32)
    table = np.concatenate([np.array(means, np.float32), np.full((1, len(means[0])), 1 / len(means[0]), np.float32)])
    p = np.ascontiguousarray(np.moveaxis(table[regions], 2, 0))
    return Scene(p, np.zeros(regions.shape, np.uint8), regions)


def grid(rows: int, columns: int, side: int = 2) -> np.ndarray:
    """Square cells in reading order."""
    return np.kron(np.arange(rows * columns).reshape(rows, columns), np.ones((side, side))).astype(np.int32)
