"""Budgets, ties, and no region twice."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.query.ranking import allowance, by_area, drawn, inclusion, ranked, share_of_chance


def rng(seed=0):
    return np.random.default_rng(seed)


def test_budgets():
    assert allowance(7, 1000) == 7 and allowance("5%", 1000) == 50 and allowance("2.5%", 90) == pytest.approx(2.25)


def test_highest_first_and_closed_ones_never():
    open_ = np.array([True, False, True, True])
    assert ranked(np.array([1.0, 9.0, 3.0, 2.0]), open_, rng()).tolist() == [2, 3, 0]


def test_ties_go_by_seeded_chance():
    utilities, open_ = np.zeros(50), np.ones(50, bool)
    assert ranked(utilities, open_, rng(1)).tolist() == ranked(utilities, open_, rng(1)).tolist()
    assert ranked(utilities, open_, rng(1)).tolist() != ranked(utilities, open_, rng(2)).tolist()
    assert (
        sorted(ranked(utilities, open_, rng(1)).tolist())
        == list(range(50))
        != ranked(utilities, open_, rng(1)).tolist()
    )


def test_minus_infinity_comes_last():
    assert ranked(np.array([-np.inf, 0, -np.inf]), np.ones(3, bool), rng())[0] == 1


@given(st.integers(0, 2**16), st.integers(0, 40), st.floats(0, 1))
def test_chosen_ones_keep_their_order_and_chance_draws_its_share(seed, number, share):
    order, area = rng(seed).permutation(30), rng(seed).integers(1, 50, 30)
    asked, chance = drawn(order, area, number, share, rng(seed))
    count = min(number, 30)
    random = min(count, int(np.ceil(share * count - 1e-9)))
    assert len(asked) == count == len(set(asked.tolist())) and (chance > 0).sum() == random
    assert asked[chance == 0].tolist() == order[: count - random].tolist()
    rest = order[count - random :]
    lucky = asked[chance > 0]
    assert np.isin(lucky, rest).all() and (chance <= 1).all()
    wanted = random * area[rest] / max(area[rest].sum(), 1)
    if random < len(rest) and wanted.max(initial=0) < 1:
        assert chance[chance > 0] == pytest.approx(wanted[[rest.tolist().index(row) for row in lucky]])


def test_chance_draws_in_proportion_to_area():
    """One of two regions of 10 and 30 pixels, 2,000 times: the larger in three quarters of them."""
    order, area = np.array([0, 1]), np.array([10, 30])
    hits = [drawn(order, area, 1, 1.0, rng(seed))[0][0] for seed in range(2000)]
    assert np.mean(hits) == pytest.approx(0.75, abs=0.04)


def test_a_region_that_is_large_beside_the_others_is_drawn_as_often_as_its_probability_says():
    area, times = np.array([1, 2, 3, 4, 30]), np.zeros(5)
    for seed in range(2000):
        times[by_area(np.arange(5), area, 3, rng(seed))[0]] += 1
    assert inclusion(area.astype(float), 3) == pytest.approx(times / 2000, abs=0.06)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.integers(0, 45))
def test_probabilities_add_up_to_the_number(area: list[int], number: int):
    """So the whole is estimated rightly by 1 / chance; where all are drawn each is 1."""
    chance = inclusion(np.array(area, float), number)
    assert (
        chance.sum() == pytest.approx(min(number, len(area)))
        and (chance <= 1).all()
        and (np.diff(chance[np.argsort(area)]) >= -1e-9).all()
    )
    assert number < len(area) or (chance == 1).all()


def test_a_round_that_is_answered_in_part_has_its_share():
    _, chance = drawn(np.arange(1000), np.ones(1000, int), 100, 0.1, rng())
    assert np.flatnonzero(chance).tolist() == list(range(5, 100, 10))


def answered(*rows):
    """A history of answers: kind, chance, changed, pixels."""
    return pa.table({name: [row[k] for row in rows] for k, name in enumerate(("kind", "chance", "changed", "pixels"))})


def test_the_share_of_chance_falls_with_the_wrong_labels_that_chance_found():
    none = pa.table({name: pa.array([], pa.float64()) for name in ("kind", "chance", "changed", "pixels")})
    right = [("confirm", 0.1, 0, 50)] * 45
    assert share_of_chance(none, 0.2, 0.02) == 0.2  # nothing is known
    assert share_of_chance(answered(*right), 0.2, 0.02) == 0.02 == 0.2 * (5 * 0.1) / 50 / 0.1
    assert share_of_chance(answered(*right), 0.2, None) == 0.2
    # 3 of 45 whole regions are wrong: (3 + .5) of 50, .07 of .1.
    some = answered(*right[:42], *[("class", 0.1, 50, 50)] * 3)
    assert share_of_chance(some, 0.2, 0.02) == pytest.approx(0.14)
    # What an acquisition chose, and what was skipped, say nothing of the whole.
    chosen = answered(*right, *[("class", None, 50, 50)] * 30, *[("skip", 0.2, 0, 50)] * 30)
    assert share_of_chance(chosen, 0.2, 0.02) == share_of_chance(answered(*right), 0.2, 0.02)


@given(
    st.lists(st.tuples(st.just("class"), st.just(0.5), st.integers(0, 9), st.integers(9, 99)), min_size=1, max_size=30),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_share_of_chance_stays_between_its_bounds(rows, most, least):
    share = share_of_chance(answered(*rows), most, least)
    assert min(least, most) <= share <= most
