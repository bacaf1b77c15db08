"""Doubt: its first round, the shares of two orders, and a number by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmend.answers import history
from segmend.images.region_table import Scene
from tasks.query.acquisitions._expected_fix import FEW, PRIOR, repeated
from tasks.query.acquisitions.doubt import Doubt, at_first, joined
from tests.query.tables import table

RNG = np.random.default_rng(0)


def regions(believed, repeats=0.5, moved=None):
    n = len(believed)
    gain = np.zeros((n, 3)) if moved is None else np.array(moved, float)
    columns = {"moved": gain, "doubt": np.zeros(n), "reach": np.zeros(n), "believed": np.array(believed, float)}
    return replace(table([16] * n, **columns), repeats=repeats)


def test_the_most_doubtful_region_of_the_rarer_class_first():
    """Where nothing is to be gained: entropy of (.5, .5), (.4, .6), (.1, .9), (1, 0) with balance over the classes believed."""
    some = regions([[1, 0], [0.1, 0.9], [0.4, 0.6], [0.2, 0.8]], repeats=1.0)
    some.columns["reach"][:] = [0, 2, 4, 3]  # the look-ahead in the same order
    assert np.argsort(-Doubt()(some, RNG)).tolist() == [2, 3, 1, 0]


def test_expected_gain_first_where_the_network_repeats_nothing():
    moved = [[0, 0, 0], [9, 0, 0], [3, 0, 0]]
    found = Doubt()(regions([[0.5, 0.5], [1, 0], [0.9, 0.1]], repeats=1e-6, moved=moved), RNG)
    assert np.argsort(-found).tolist()[:2] == [1, 2]


@given(st.integers(0, 2**16), st.floats(0.05, 0.95), st.integers(1, 60))
def test_each_order_has_its_share(seed, share, k):
    """Of the best k at least floor(share * k) are among the best of the second order, and so for the first."""
    rng = np.random.default_rng(seed)
    first, second = rng.permutation(60).astype(float), rng.permutation(60).astype(float)
    orders = [(first, 1 - share), (second, share)]
    best = set(np.argsort(-joined(orders, np.ones(60, bool)), kind="stable")[:k].tolist())
    for utility, part in ((first, 1 - share), (second, share)):
        top = np.argsort(-utility)[: max(0, int(np.floor(part * k)) - 1)]
        assert set(top.tolist()) <= best


def test_the_first_round_follows_what_is_expected_of_each_order():
    """Twenty regions, so the best of each counts: look-ahead 30 where they agree, 10 pixels to be gained at conflicts."""
    believed, moved = np.zeros((20, 2)), np.zeros((20, 3))
    moved[0, 0], moved[1, 0] = 10, 5
    first = regions(believed, moved=moved)
    first.columns["reach"][:] = [90, *range(12, 31)]
    first = replace(first, shown=np.zeros(20, np.uint8), predicted=(np.arange(20) == 0).astype(np.uint8))
    assert at_first(first, first.columns["reach"], np.ones(20, bool)) == pytest.approx(30 / 40)
    assert at_first(first, first.columns["reach"], np.arange(20) > 0) == pytest.approx(30 / 35)
    none = regions(believed)
    assert at_first(none, none.columns["reach"], np.ones(20, bool)) == 0


def test_half_of_what_is_repeated_goes_to_the_look_ahead():
    """No gain: the best of the look-ahead and the most doubtful one come first."""
    some = regions([[0.9, 0.1], [0.5, 0.5], [1, 0], [0.8, 0.2]], repeats=1.0)
    some.columns["reach"][:] = [0, 0, 7, 1]
    assert set(np.argsort(-Doubt()(some, RNG), kind="stable")[:2].tolist()) == {1, 2}


def test_closed_regions_take_no_place():
    found = joined([(np.array([9.0, 1, 2]), 0.5), (np.array([9.0, 2, 1]), 0.5)], np.array([False, True, True]))
    assert found[0] == -np.inf and np.isfinite(found[1:]).all()


def answer(shown, predicted, changed, chance=None, round="r1"):
    row = {"round": round, "kind": "class", "shown": shown, "predicted": predicted, "answer": "a", "changed": changed}
    return dict.fromkeys(history.SCHEMA.names) | row | {"chance": chance}


def test_repeated_by_hand():
    """Two chosen answers about conflicts changed 40 and 60 pixels, one elsewhere 200; older and random ones do not count."""
    rows = [answer("a", "b", 40), answer("a", "b", 60), answer("a", "a", 200), answer("a", "a", 900, 0.1)]
    a, b = (200 + PRIOR) / (1 + FEW), (100 + PRIOR / 2) / (2 + FEW)
    assert repeated(history.table(rows)) == pytest.approx(a / (a + b))
    newer = [answer("a", "b", 1, round="r2")]
    assert repeated(history.table(rows + newer)) == pytest.approx(20 / (20 + (1 + PRIOR / 2) / (1 + FEW)))
    assert repeated(history.empty()) == pytest.approx(2 / 3)


def test_opinions_of_cells_are_averaged_over_regions():
    """A region of two pixels of cell 0 and one of cell 1."""
    cells, merged = np.array([[0, 0, 1, 1]], np.int32), np.array([[0, 0, 0, 1]], np.int32)
    p = np.full((2, 1, 4), 0.5, np.float32)
    scene = Scene(p, np.zeros((1, 4), np.uint8), merged, None, np.array([[0.9, 0.1], [0.3, 0.7]], np.float32), cells)
    assert scene.believed == pytest.approx(np.array([[0.7, 0.3], [0.3, 0.7]]))
    assert not Scene(p, np.zeros((1, 4), np.uint8), merged).believed.any()
