"""Bits: by hand, two classes, and the share of right labels from which correcting is cheaper than naming."""

from math import log2

import pytest

from tasks.correct.costs.information import Information


def test_by_hand():
    assert Information()("confirm", 1, 5) == (1, 4) and Information()("class", 1, 5) == (3, 12)


def test_two_classes_cost_one_bit_whatever_the_answer():
    assert Information()("class", 1, 2)[0] == Information()("confirm", 1, 2)[0] == 1


@pytest.mark.parametrize(("right", "classes"), [(0.0, 4), (0.3, 21), (1.0, 21)])
def test_the_expectation_is_the_mean_of_the_answers(right, classes):
    mean = right * Information()("confirm", 1, classes)[0] + (1 - right) * Information()("class", 1, classes)[0]
    assert Information().expected(right, classes) == pytest.approx(mean)


def test_correcting_beats_naming_from_a_fifth_of_right_labels_on():
    assert Information().expected(0.21, 21) > log2(21) > Information().expected(0.23, 21)
    assert Information().expected(1.0, 21) == 1


def test_the_three_questions():
    assert Information()("class", 1, 8, "dominant")[0] == 3 and Information()("class", 1, 9, "correction")[0] == 4
    assert Information()("class", 1, 8, "multiclass")[0] == Information()("class_set", 3, 8, "multiclass")[0] == 8
