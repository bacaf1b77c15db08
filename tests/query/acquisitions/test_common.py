"""Every acquisition: one finite utility per open region, seeded, its input unchanged; renaming classes changes nothing."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED
from segmend.images.region_table import Scene, joined, rows_of
from segmend.stage.params import methods_of
from tasks.query.acquisitions import Acquisition

METHODS = [method() for method in methods_of(Acquisition)]


def scene(seed: int, order=(0, 1, 2)) -> Scene:
    rng = np.random.default_rng(seed)
    p = rng.random((3, 12, 16)).astype(np.float32) ** 2
    labels = rng.choice(np.array([0, 1, 2, UNLABELLED], np.uint8), (12, 16))
    names = np.arange(256, dtype=np.uint8)
    names[list(order)] = [0, 1, 2]  # class order[i] is called i
    regions = (np.arange(12)[:, None] // 4 * 4 + np.arange(16) // 4).astype(np.int32)
    return Scene((p / p.sum(0))[list(order)], names[labels], regions)


def table_of(method, scenes):
    parts = []
    for index, one in enumerate(scenes):
        asked = np.arange(len(one.areas), dtype=np.int32) % 5 == 0
        parts.append(rows_of(index, one, asked, method.measure(one)))
    return joined(tuple(str(k) for k in range(len(parts))), parts)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_contract(method):
    table = table_of(method, [scene(0), scene(1)])
    before = {name: getattr(table, name).copy() for name in ("area", "means", "margin", "shown", "predicted", "asked")}
    utilities = method(table, np.random.default_rng([0, 1]))
    assert utilities.shape == (len(table),) and utilities.dtype == np.float64
    assert np.isfinite(utilities[table.asked == 0]).all() and not np.isnan(utilities).any()
    assert (utilities == method(table, np.random.default_rng([0, 1]))).all()
    assert all((getattr(table, name) == array).all() for name, array in before.items())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_images_are_measured_one_by_one(method):
    both, alone = table_of(method, [scene(0), scene(1)]), table_of(method, [scene(1)])
    for name, values in alone.columns.items():
        assert (both.columns[name][-len(alone) :] == values).all()


@pytest.mark.parametrize(
    "method", [m for m in METHODS if m.name not in ("random", "class_balanced")], ids=lambda m: m.name
)
def test_renaming_classes_changes_nothing(method):
    plain = method(table_of(method, [scene(0)]), np.random.default_rng(0))
    renamed = method(table_of(method, [scene(0, (2, 0, 1))]), np.random.default_rng(0))
    assert plain == pytest.approx(renamed, rel=1e-5)
