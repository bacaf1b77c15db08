"""Scenes written down pixel by pixel, and the utilities of their regions."""

import numpy as np

from segmend.images.region_table import RegionTable, Scene, joined, rows_of


def row_scene(pixels, labels=None, regions=None) -> Scene:
    """One row of pixels: each one's probabilities, its label (0), its region (0)."""
    p = np.array(pixels, np.float32).T[:, None, :]
    n = p.shape[2]
    shown, ids = [0] * n if labels is None else labels, [0] * n if regions is None else regions
    return Scene(p, np.array([shown], np.uint8), np.array([ids], np.int32))


def random_scene(seed: int, classes: int = 4, ids: int = 8, shape=(15, 17)) -> Scene:
    rng = np.random.default_rng(seed)
    p = rng.random((classes, *shape)).astype(np.float32) ** 3
    labels = rng.choice(np.array([*range(classes), 254, 255], np.uint8), shape)
    return Scene(p / p.sum(0), labels, rng.integers(-1, ids, shape).astype(np.int32))


def table_of(method, *scenes, asked=()) -> RegionTable:
    """The table after a pass over the scenes; rows in `asked` were asked before."""
    table = joined(
        tuple(str(k) for k in range(len(scenes))),
        [rows_of(k, one, np.zeros(len(one.areas)), method.measure(one)) for k, one in enumerate(scenes)],
    )
    table.asked[list(asked)] = 1
    return table


def utilities(method, *scenes, asked=(), seed: int = 0) -> list[float]:
    return method(table_of(method, *scenes, asked=asked), np.random.default_rng(seed)).tolist()
