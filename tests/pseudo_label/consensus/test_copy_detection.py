"""Copies without gold: products by hand, growth of the groups, missing pairs, when nothing is told."""

import numpy as np
import pytest

from benchmarks.crowds import everybody, mistaken
from tasks.pseudo_label.consensus.copy_detection import Together, correlations, excess, groups, unknown


def together(answered, classes, images=20):
    found = Together(answered.shape[1], classes)
    for part in np.array_split(answered, images):
        flat = (part[:, :, None] == np.arange(classes)).reshape(len(part), -1).astype(float)
        found.add((flat.T @ flat).reshape(answered.shape[1], classes, answered.shape[1], classes))
    return found


def crowd(seed, reliability, copied=0.0, tasks=2000, classes=4):
    _, answers = everybody(np.random.default_rng(seed), tasks, reliability, classes, copies=copied)
    return answers.label.reshape(tasks, -1)


def test_correlation_by_hand():
    """Two classes in equal shares, agreement on three of four: (2 * .75 - 1) / (2 - 1) = .5; uneven: phi = 1 / sqrt(3)."""
    found = together(np.array([[0, 0], [0, 0], [1, 1], [1, 0], [1, 1], [0, 1], [0, 0], [1, 1]]), 2, 1)
    assert correlations(found.agreed[0], found.answered[0])[0, 1] == pytest.approx(0.5)
    uneven = together(np.array([[0, 0], [0, 1], [1, 1], [1, 1]]), 2, 1)
    assert correlations(uneven.agreed[0], uneven.answered[0])[0, 1] == pytest.approx(1 / np.sqrt(3))


def test_excess_by_hand():
    """.8 * .9 beside .3 * .5 and .4 * .2: .72 - (.15 + .08) / 2."""
    c = np.eye(4)
    for (i, j), value in {(0, 1): 0.8, (2, 3): 0.9, (0, 2): 0.3, (1, 3): 0.5, (0, 3): 0.4, (1, 2): 0.2}.items():
        c[i, j] = c[j, i] = value
    assert excess(c[None], [0, 1], [2, 3])[0] == pytest.approx(0.605)


@pytest.mark.parametrize("seed", range(3))
def test_products_of_abilities_leave_nothing(seed):
    found = groups(together(crowd(seed, (0.95, 0.9, 0.7, 0.6, 0.5)), 4))
    assert not found.told and found.excess < 0.03


@pytest.mark.parametrize(
    ("reliability", "split"),
    [((0.95, 0.9, 0.85, 0.7), ((0, 1), (2, 3))), ((0.98, 0.97, 0.8, 0.8, 0.8, 0.7), ((0, 1), (2, 3, 4, 5)))],
)
def test_copies_make_one_of_the_groups(reliability, split):
    found = groups(together(crowd(0, reliability, 0.85), 4))
    assert found.told and (found.first, found.second) == split and found.excess > 10 * found.error


def test_two_copies_among_honest_sources():
    """The honest ones grow together, though they are no group: that is why both are named."""
    answered = crowd(0, (0.9, 0.8, 0.8, 0.7), 0.9)
    more = np.stack([mistaken(np.random.default_rng(k), crowd(0, (1.0,))[:, 0], 0.85, 4) for k in (7, 8)], axis=1)
    found = groups(together(np.concatenate([answered, more], axis=1), 4))
    assert found.told and (found.first, found.second) == ((0, 1, 4, 5), (2, 3))


def test_all_but_one_copying_is_not_seen():
    """The limit of the card: the honest one looks poor."""
    found = groups(together(crowd(0, (0.8, 0.8, 0.8, 0.8, 0.8), 1.0)[:, [0, 2, 3, 4]], 4))
    assert not found.told


def test_clumped_mistakes_are_not_taken_for_copies():
    """Mistakes that fall on whole images: as if there were 20 tasks, in whose agreements chance alone makes differences."""
    told = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, (20, 100))
        wrong = rng.random((20, 5)) < 0.2
        answered = (truth[..., None] ^ wrong[:, None]).reshape(2000, 5)
        found = groups(together(answered, 2))
        told += found.told
        assert found.error > 0.03
    assert told == 0


def test_pairs_that_never_met_are_left_out():
    """Source 5 saw other tasks than all others."""
    answered = crowd(0, (0.95, 0.9, 0.7, 0.6, 0.5), 0.85)
    more = np.full((4000, 6), -1)
    more[:2000, :5], more[2000:, 5] = answered, 0
    found = groups(together(more[np.random.default_rng(0).permutation(4000)], 4))
    assert found.told and (found.first, found.second) == ((0, 1), (2, 3, 4))
    apart = np.full((40, 4), -1)
    for k in range(4):
        apart[k::4, k] = 0
    assert groups(together(apart, 4)) is None


def test_too_little_to_tell():
    answered = crowd(0, (0.9, 0.8, 0.7, 0.6), 0.85)
    assert "four sources are needed, and there are 3" in unknown(together(answered[:, :3], 4))
    assert "from one image" in unknown(together(answered, 4, images=1))
    assert groups(together(answered[:, :3], 4)) is groups(together(answered, 4, images=1)) is None


def test_many_sources_cost_little():
    found = groups(together(crowd(0, (0.8,) * 30, 0.9, tasks=400), 4))
    assert len(found.first) + len(found.second) == 16
