"""`python -m tasks`: the whole of params.yaml is checked, and says what it may hold."""

import pytest

from segmend.answers.answers import RoundBudget
from segmend.stage.params import check
from tasks.__main__ import STAGES, Round, Rounds, check_file


def test_the_shipped_file_is_in_order():
    assert set(check_file()) == set(STAGES)


def test_a_broken_chain_of_rounds_names_the_remedy():
    broken = {"rounds": {"r1": {"prev": "r0", "budget": 3}}, "models": {"r0": {"prev": "start"}}, "last": "r1"}
    with pytest.raises(ValueError, match="segmend rounds 1"):
        check(Rounds, broken, "params").check_chain()


@pytest.mark.parametrize("budget", [0, 1, "5%", "0.5%"])
def test_budgets(budget):
    assert Round(prev="r0", budget=budget).budget == check(RoundBudget, budget, "--budget") == budget


@pytest.mark.parametrize("budget", ["5", "many", -1, 1.5])
def test_bad_budgets(budget):
    with pytest.raises(ValueError):
        Round(prev="r0", budget=budget)
