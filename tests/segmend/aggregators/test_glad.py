"""GLAD: chance by hand, difficulty, its limits."""

import numpy as np
import pytest

from benchmarks.crowds import everybody, mistaken, table
from segmend.aggregators.glad import Glad


def test_no_spread_is_the_prior():
    """Everybody's chance is sigmoid(1 - log(K - 1)): .731 for two classes, so that two to one gives .731 but for shares."""
    found = Glad(spread=1e-4)(table([[0, 0, 1], [1, 1, 0]], 2))
    assert found.posterior[0] == pytest.approx([0.731059, 0.268941], abs=1e-4)
    assert found.reliability == pytest.approx([0.731059] * 3, abs=1e-4)


def test_many_classes_start_better_than_chance():
    """sigmoid(1 - log 3) = .475 of 4 classes."""
    assert Glad(spread=1e-4)(table([[0]], 4)).reliability == pytest.approx([np.e / (np.e + 3)], abs=1e-4)


def test_disputed_tasks_are_harder():
    """Of two tasks that end with the same label, the risk of the one that was disputed is higher."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    hard = np.arange(300) < 100
    said = np.stack(
        [np.where(hard, mistaken(rng, truth, 0.6, 2), mistaken(rng, truth, 0.97, 2)) for _ in range(5)], axis=1
    )
    risk = 1 - Glad()(table(said, 2)).posterior.max(axis=1)
    assert risk[hard].mean() > 3 * risk[~hard].mean()


def test_labels_do_not_flip():
    truth, answers = everybody(np.random.default_rng(1), 200, (0.6, 0.6, 0.6), 2)
    assert (Glad()(answers).posterior.argmax(axis=1) == truth).mean() > 0.55
