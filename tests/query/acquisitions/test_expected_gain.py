"""Expected gain: the card's limits, a number by hand, and what sim gets wrong."""

import numpy as np
import pytest

from segmend.images.rasters import UNLABELLED, VOID
from segmend.images.region_table import Scene, joined, rows_of
from tasks.query.acquisitions import _expected_fix
from tasks.query.acquisitions.expected_gain import ExpectedGain

RNG = np.random.default_rng(0)


def table(probability_of_one, labels, regions):
    one = np.asarray(probability_of_one, np.float32)
    scene = Scene(np.stack([1 - one, one]), np.asarray(labels, np.uint8), np.asarray(regions, np.int32))
    none = np.zeros(len(scene.areas), np.int32)
    return joined(
        ("a",), [rows_of(0, scene, none, ExpectedGain().measure(scene) | {"gain": _expected_fix.total(scene)})]
    )


def test_by_hand():
    # Region 0: 4 pixels labelled 0, p(1) = .9 .9 .6 .6: naming 1 fixes 3.0 - 1.0. Region 1: labelled 1, p(1) = .8: 0.
    # Region 2: half and half, each sure to be right: the best single class loses two pixels.
    found = table(
        [[0.9, 0.9, 0.6, 0.6], [0.8] * 4, [1, 1, 0, 0]], [[0] * 4, [1] * 4, [1, 1, 0, 0]], [[0] * 4, [1] * 4, [2] * 4]
    )
    assert ExpectedGain(value="pixels", explore=0)(found, RNG) == pytest.approx([2, 0, 0], abs=1e-5)
    assert _expected_fix.pixels(found, "correction") == pytest.approx([2, 0, 0], abs=1e-5)
    assert _expected_fix.pixels(found, "dominant") == pytest.approx(
        [2, 0, -2], abs=1e-5
    )  # it is painted over what was right
    # Expected pixels: class 1 has 3 + 3.2 + 2, class 0 the other 3.8; region 0 moves from 0 to 1.
    worth = (1 / 3.8 + 1 / 8.2) / 2
    assert ExpectedGain(explore=0)(found, RNG) == pytest.approx([2 * worth, 0, 0], rel=1e-4, abs=1e-6)


def test_surely_wrong_gains_its_area_and_unlabelled_what_is_known():
    found = table([[1, 1, 1], [0.75] * 3], [[0] * 3, [UNLABELLED] * 3], [[0] * 3, [1] * 3])
    assert ExpectedGain(value="pixels", explore=0)(found, RNG) == pytest.approx([3, 2.25], abs=1e-5)


def test_void_pixels_have_nothing_to_gain():
    found = table([[1, 1, 1]], [[0, VOID, VOID]], [[0, 0, 0]])
    assert ExpectedGain(value="pixels", explore=0)(found, RNG) == pytest.approx([1 - 0], abs=1e-5)


def test_rare_classes_are_worth_more():
    """Two regions of ten pixels, each surely mislabelled: as class 2, which is rare, or as class 0, which is not."""
    p = np.zeros((3, 5, 10), np.float32)
    p[0, :2], p[1, 2:4], p[2, 4] = 1, 1, 1  # expected pixels: 20, 20, 10
    labels = np.array([0, 0, 1, 0, 1], np.uint8).repeat(10).reshape(5, 10)
    scene = Scene(p, labels, np.arange(5, dtype=np.int32).repeat(10).reshape(5, 10))
    found = joined(("a",), [rows_of(0, scene, np.zeros(5, np.int32), ExpectedGain().measure(scene))])
    assert ExpectedGain(value="pixels", explore=0)(found, RNG) == pytest.approx([0, 0, 0, 10, 10])
    assert ExpectedGain(explore=0)(found, RNG)[3:] == pytest.approx(
        [10 * (1 / 20 + 1 / 20) / 3, 10 * (1 / 10 + 1 / 20) / 3]
    )


def test_doubt_without_a_better_class_ranks_below_a_mistake():
    """What `sim` asks first, a large region that no class describes, comes last here."""
    found = table(
        [[0.5] * 6, [0.9] * 3 + [0.5] * 3], [[0, 1, 0, 1, 0, 1], [0] * 3 + [1] * 3], [[0] * 6, [1] * 3 + [2] * 3]
    )
    utilities = ExpectedGain(explore=0)(found, RNG)
    assert utilities.argmax() == 1 and utilities[0] == pytest.approx(0, abs=1e-6)


def test_where_nothing_is_to_gain_doubt_decides():
    found = table([[0.9] * 4, [0.6] * 4, [0.45] * 4], [[1] * 4, [1] * 4, [1] * 4], [[0] * 4, [1] * 4, [2] * 4])
    # Labels 1: the doubts are .4, 1.6 and 2.2; only the third has something to gain, 4 * (.55 - .45).
    assert ExpectedGain(value="pixels", explore=0.5)(found, RNG) == pytest.approx([0.2, 0.8, 0.4 + 1.1], abs=1e-5)
