"""One coin: a pass by hand, its limits."""

import numpy as np
import pytest

from benchmarks.crowds import table
from segmend.aggregators.one_coin import OneCoin


def test_one_pass_by_hand():
    """Votes (1, 0), (1/2, 1/2): both sources have 1.5 of 2 answers right, with the prior 3.5 / 5 = .7; they cancel out in
    the second task, which leaves the shares: (1.5 + .5) / 3."""
    found = OneCoin(sweeps=1)(table([[0, 0], [0, 1]], 2))
    assert found.posterior[1] == pytest.approx([2 / 3, 1 / 3])
    first = np.array([2 / 3 * 0.7**2, 1 / 3 * 0.3**2])
    assert found.posterior[0] == pytest.approx(first / first.sum())


def test_few_answers_keep_the_prior():
    found = OneCoin(alpha=200, beta=100)(table([[0, 0, 1]], 2))
    assert found.reliability == pytest.approx([2 / 3] * 3, abs=0.01)


def test_gold_is_clamped():
    found = OneCoin()(table([[0, 0], [0, 1]], 2, gold=np.array([1, -1])))
    assert found.posterior[0].tolist() == [0, 1] and found.reliability[0] < 0.6
