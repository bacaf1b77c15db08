"""The knee: by hand, its limits, and what it does for the labels of a mixed region."""

import numpy as np

from tasks.correct.sieving.knee import Knee


def test_by_hand():
    curve = np.array([0.1, 0.3, 0.75, 0.9, 0.9], np.float32)
    # Scaled 0, .25, .81, 1, 1 against 0, .25, .5, .75, 1: farthest above the diagonal at the third.
    mixed = np.array([4, 0, 2, 3, 1])
    assert Knee()(curve[mixed], 2).tolist() == (curve[mixed] >= 0.75).tolist()


def test_a_single_cell_is_not_sieved():
    curve = np.array([0.1, 0.3, 0.75, 0.9, 0.9], np.float32)
    assert Knee()(curve, 1).all() and not Knee(min_cells=1)(curve, 1).all() and Knee(min_cells=4)(curve, 3).all()


def test_a_curve_that_is_nowhere_above_the_diagonal_is_kept():
    assert Knee()(np.array([0, 0.1, 0.3, 1], np.float32), 9).all()
    assert Knee()(np.linspace(0, 1, 64, dtype=np.float32) ** 3, 9).all()


def test_points_thin_the_curve_out():
    confidence = np.concatenate([np.linspace(0, 0.2, 300), np.linspace(0.8, 1, 700)]).astype(np.float32)
    few, many = Knee(points=5)(confidence, 9), Knee(points=500)(confidence, 9)
    assert 0 < abs(int(few.sum()) - 700) <= 200 and abs(int(many.sum()) - 700) <= 2


def test_what_is_kept_is_purer():
    rng = np.random.default_rng(0)
    right = rng.random(2000) < 0.8
    confidence = np.clip(np.where(right, rng.normal(0.85, 0.08, 2000), rng.normal(0.3, 0.15, 2000)), 0, 1)
    kept = Knee()(confidence.astype(np.float32), 8)
    assert right[kept].mean() > 0.97 > right.mean() and kept.sum() > 1400
